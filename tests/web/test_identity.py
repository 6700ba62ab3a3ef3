"""Who asks: tokens in headers and cookies, the user of this machine, proxies, and pages of other sites."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rcasearch.errors import SettingsError
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.tokens import SCOPES, TokenFile, TokenFileError
from rcasearch.tokens.upkeep import add, revoke
from rcasearch.web import create_app
from rcasearch.web.addresses import local_path
from rcasearch.web.gate import FAILURES_A_MINUTE, Gate, check_start
from rcasearch.web.server import serve

NOW = datetime.now(UTC)
SEARCH = "/api/v1/search?q=pool"
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def made(tiny_searcher: Searcher, tiny_index: Path, file: TokenFile) -> Callable[..., Flask]:
    def make(**settings: Any) -> Flask:
        return create_app(tiny_searcher, Settings(index=str(tiny_index), tokens_file=str(file.path), **settings))

    return make


def token(file: TokenFile, *scopes: str, name: str = "ana", days: int = 1, labels: tuple[str, ...] = ()) -> str:
    return add(file, name, scopes or ("read",), labels, days, NOW)[0]


def bearing(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


def sign_in(client: FlaskClient, given: str, headers: dict[str, str] = OURS, **form: str) -> Any:
    return client.post("/sign-in", data={"token": given, **form}, headers=headers)


# --- tokens come and go while the server runs -----------------------------------------------------------------------------


def test_a_first_token_closes_a_running_server_and_a_revoked_one_is_out_at_once(made: Any, file: TokenFile) -> None:
    client = made().test_client()
    assert client.get(SEARCH).status_code == 200
    given = token(file)
    assert client.get(SEARCH).status_code == 401
    assert client.get(SEARCH, headers=bearing(given)).status_code == 200
    revoke(file, ["ana"])
    assert client.get(SEARCH, headers=bearing(given)).status_code == 401
    assert client.get(SEARCH).status_code == 401  # the last one gone opens nothing


def test_one_token_follows_another_without_a_gap(made: Any, file: TokenFile) -> None:
    client, old = made().test_client(), token(file, name="bot")
    new = token(file, name="bot-2")
    assert [client.get(SEARCH, headers=bearing(one)).status_code for one in (old, new)] == [200, 200]
    revoke(file, ["bot"])
    assert [client.get(SEARCH, headers=bearing(one)).status_code for one in (old, new)] == [401, 200]


def test_an_expired_token_is_told_apart_from_one_that_is_none(made: Any, file: TokenFile) -> None:
    given = add(file, "ana", ("read",), (), 1, NOW - timedelta(days=3))[0]
    client = made().test_client()
    told = client.get(SEARCH, headers=bearing(given)).get_json()
    assert told["code"] == "token_unknown"
    assert "The token ana expired on" in told["detail"]
    assert "not known here" in client.get(SEARCH, headers=bearing("rcas_" + "a" * 43)).get_json()["detail"]


def test_a_missing_scope_is_named(made: Any, file: TokenFile) -> None:
    told = made().test_client().get("/metrics", headers=bearing(token(file))).get_json()
    assert told["status"] == 403
    assert told["detail"] == "The token ana does not allow this."
    assert "the scope metrics" in told["hint"]


@pytest.mark.parametrize("break_it", [lambda path: path.write_text("{"), Path.unlink, lambda path: path.chmod(0o666)])
def test_a_file_of_tokens_that_broke_lets_nobody_in_and_does_not_tell_where_it_is(
    made: Any, file: TokenFile, break_it: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client, given = made().test_client(), token(file)
    assert client.get(SEARCH, headers=bearing(given)).status_code == 200
    break_it(file.path)
    for headers in ({}, bearing(given)):
        with caplog.at_level(logging.ERROR, "rcasearch.web"):
            response = client.get(SEARCH, headers=headers)
        assert response.status_code == 503
        assert response.get_json()["code"] == "tokens_unusable"
        assert str(file.path) not in response.text
    assert str(file.path) in caplog.text
    assert client.get("/healthz").status_code == 200


def test_what_is_for_somebody_else_is_no_token_of_ours(made: Any) -> None:
    client = made(anonymous="read").test_client()
    for header in ("Basic YTpi", "Bearer of-a-proxy", "Bearer", "", "rcas_x", "Digest rcas_x"):
        assert client.get(SEARCH, headers={"Authorization": header}).status_code == 200


def test_the_scheme_may_be_written_in_any_case(made: Any, file: TokenFile) -> None:
    given = token(file)
    assert made().test_client().get(SEARCH, headers={"Authorization": f"bEARER   {given} "}).status_code == 200


def test_no_answer_and_no_line_of_the_log_holds_a_token(made: Any, file: TokenFile, caplog: pytest.LogCaptureFixture) -> None:
    client, given, wrong = made().test_client(), token(file, *SCOPES), "rcas_" + "w" * 43
    with caplog.at_level(logging.INFO, "rcasearch.web"):
        answers = [client.get(SEARCH, headers=bearing(one)) for one in (given, wrong)]
        answers += [sign_in(client, one) for one in (given, wrong, "rcas_" + "w" * 9)]
        answers += [client.get("/about"), client.get("/metrics")]
    assert " ms by ana" in caplog.text
    for secret in (given, wrong, "w" * 9):
        assert secret not in caplog.text
        assert all(secret not in answer.text for answer in answers)


def test_ready_tells_figures_only_to_who_may_read(made: Any, file: TokenFile, no_index: FlaskClient, tmp_path: Path) -> None:
    client, given = made().test_client(), token(file)
    assert client.get("/readyz").get_json() == {"status": "ready", "index": None}
    assert client.get("/readyz", headers=bearing(given)).get_json()["index"]["incidents"] == 8
    closed = create_app(None, Settings(index=str(tmp_path / "none"), anonymous="nothing")).test_client().get("/readyz")
    assert closed.status_code == 503
    assert str(tmp_path) not in closed.text
    assert str(tmp_path) in no_index.get("/readyz").text


# --- who uses this machine ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"])
def test_what_a_proxy_passed_on_is_not_of_this_machine(made: Any, header: str) -> None:
    client = made().test_client()
    assert client.get(SEARCH).status_code == 200
    assert client.get(SEARCH, headers={header: "192.0.2.7"}).status_code == 401


@pytest.mark.parametrize("settings", [{"proxies": 1}, {"anonymous": "nothing"}, {"host": "0.0.0.0"}, {"host": "192.0.2.1"}])
def test_only_a_server_for_this_machine_alone_trusts_it(made: Any, settings: dict[str, Any]) -> None:
    assert made(**settings).test_client().get(SEARCH).status_code == 401


def test_a_name_that_is_not_of_this_machine_is_another_way_in(made: Any) -> None:
    client = made(hosts="rca.example.com").test_client()
    assert client.get(SEARCH, headers={"Host": "rca.example.com"}).status_code == 401
    assert client.get(SEARCH, headers={"Host": "localhost:8080"}).status_code == 200


def test_others_are_not_listened_to_before_somebody_says_what_they_may_do(file: TokenFile) -> None:
    outside = Settings(host="0.0.0.0", port=0, tokens_file=str(file.path))
    with pytest.raises(SettingsError, match="no token to tell them apart") as caught:
        serve(outside)
    assert "rcasearch token add NAME" in caught.value.hint
    assert "RCASEARCH_ANONYMOUS=read" in caught.value.hint
    for said in ("read", "nothing"):
        check_start(Settings(host="0.0.0.0", tokens_file=str(file.path), anonymous=said))
    check_start(Settings(tokens_file=str(file.path)))
    token(file)
    check_start(outside)
    file.path.write_text("{", encoding="utf-8")
    with pytest.raises(TokenFileError):
        check_start(outside)


def test_a_token_that_ends_soon_is_told_at_the_start(file: TokenFile, caplog: pytest.LogCaptureFixture) -> None:
    token(file, name="soon", days=3)
    token(file, name="later", days=100)
    add(file, "past", ("read",), (), 1, NOW - timedelta(days=9))
    with caplog.at_level(logging.WARNING, "rcasearch.web"):
        check_start(Settings(tokens_file=str(file.path)))
    assert "The token soon expires on" in caplog.text
    assert "The token past has expired" in caplog.text
    assert "later" not in caplog.text


# --- names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "host", "status"),
    [
        ({}, "evil.example", 403),
        ({}, "10.0.0.1", 403),
        ({"hosts": "rca.example.com"}, "RCA.example.com:443", 200),
        ({"hosts": "rca.example.com"}, "evil.example", 403),
        ({"host": "0.0.0.0"}, "any.example", 200),
        ({"host": "0.0.0.0", "hosts": "rca.example.com b.example"}, "b.example.", 200),
        ({"host": "0.0.0.0", "hosts": "rca.example.com"}, "evil.example", 403),
        ({"host": "0.0.0.0", "hosts": "rca.example.com"}, "rca.example.com.evil.example", 403),
        ({"host": "0.0.0.0", "hosts": "rca.example.com"}, "10.0.0.1:8080", 200),
        ({"host": "0.0.0.0", "hosts": "rca.example.com"}, "[2001:db8::1]:8080", 200),
        ({"host": "0.0.0.0", "hosts": "rca.example.com"}, "localhost", 200),
    ],
)
def test_a_foreign_name_is_refused(made: Any, settings: dict[str, Any], host: str, status: int) -> None:
    assert made(**settings).test_client().get("/healthz", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("hosts", ["*", "*.example.com", "https://rca.example.com", "rca.example.com:8080", "a_b", "-a", "a/b"])
def test_what_is_no_name_is_refused_at_the_start(made: Any, hosts: str) -> None:
    with pytest.raises(SettingsError, match="no name of a machine"):
        made(hosts=hosts)


# --- signing in -----------------------------------------------------------------------------------------------------------


def test_people_sign_in_go_where_they_were_going_and_out_again(made: Any, file: TokenFile) -> None:
    client, given = made().test_client(), token(file)
    asked = client.get("/incidents?tag=database&since=2024")
    assert asked.status_code == 401
    assert "Sign in to go on." in asked.text
    assert 'name="next" value="/incidents?tag=database&amp;since=2024"' in asked.text
    assert "incident" not in asked.text.partition("<footer")[2]
    went = sign_in(client, f" {given}\n", next="/incidents?tag=database&since=2024")
    assert (went.status_code, went.headers["Location"]) == (303, "/incidents?tag=database&since=2024")
    cookie = went.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    page = client.get("/incidents?tag=database&since=2024")
    assert page.status_code == 200
    assert 'action="/sign-out"' in page.text
    assert client.get(SEARCH).status_code == 200
    out = client.post("/sign-out", headers=OURS)
    assert (out.status_code, out.headers["Location"], out.headers["Clear-Site-Data"]) == (303, "/sign-in", '"cache"')
    assert client.get("/incidents").status_code == 401


@pytest.mark.parametrize(
    ("settings", "headers"),
    [({}, {"Origin": "https://localhost"}), ({"proxies": 1}, {"X-Forwarded-Proto": "https"})],
)
def test_over_tls_the_cookie_is_for_this_host_and_tls_alone(made: Any, file: TokenFile, settings: Any, headers: Any) -> None:
    client, given = made(**settings).test_client(), token(file)
    cookie = sign_in(client, given, {**OURS, **headers}).headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-rcasearch={given};")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert client.get("/about", base_url="https://localhost", headers=headers).status_code == 200


def test_over_tls_the_plain_cookie_is_not_believed(made: Any, file: TokenFile) -> None:
    client, given = made(proxies=1).test_client(), token(file)
    client.set_cookie("rcasearch", given)
    assert client.get("/about").status_code == 200
    assert client.get("/about", headers={"X-Forwarded-Proto": "https"}).status_code == 401


FOREIGN = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_no_other_page_can_sign_anybody_in_or_out_or_send_a_form_in_their_name(made: Any, file: TokenFile, headers: Any) -> None:
    client, given = made().test_client(), token(file)
    response = sign_in(client, given, headers)
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers
    sign_in(client, given)
    assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.post("/", data={"q": "pool"}, headers=headers).status_code == 403
    assert client.post("/api/v1/search", json={"text": "pool"}, headers=headers).status_code == 403
    assert client.get("/about").status_code == 200


@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        ({}, {"Origin": "http://localhost"}),
        ({}, {"Sec-Fetch-Site": "none"}),
        ({"public_url": "https://rca.example.com/x"}, {"Origin": "https://rca.example.com"}),
    ],
)
def test_our_own_pages_can(made: Any, file: TokenFile, settings: Any, headers: Any) -> None:
    assert sign_in(made(**settings).test_client(), token(file), headers).status_code == 303


def test_a_program_with_a_header_needs_no_origin(made: Any, file: TokenFile) -> None:
    headers = bearing(token(file))
    assert made().test_client().post("/api/v1/search", json={"text": "pool"}, headers=headers).status_code == 200


@pytest.mark.parametrize("given", ["", "rcas_" + "a" * 43, "hunter2", "rcas_" + "ä" * 43])
def test_a_wrong_token_is_told_on_the_form_and_kept_nowhere(made: Any, file: TokenFile, given: str) -> None:
    token(file)
    response = sign_in(made().test_client(), given, next="/about")
    assert response.status_code == 401
    assert 'name="next" value="/about"' in response.text
    assert 'type="password"' in response.text
    assert "Set-Cookie" not in response.headers


def test_a_token_that_may_not_read_is_not_for_people(made: Any, file: TokenFile) -> None:
    response = sign_in(made().test_client(), token(file, "metrics"))
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


def test_a_cookie_that_is_good_no_more_is_taken_back(made: Any, file: TokenFile) -> None:
    client, given = made().test_client(), token(file)
    sign_in(client, given)
    revoke(file, ["ana"])
    response = client.get("/about")
    assert response.status_code == 401
    assert "not known here" in response.text
    assert response.headers["Set-Cookie"].startswith("rcasearch=;")
    assert client.get_cookie("rcasearch") is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_from_another_site_asks_anew_from_here_since_only_then_the_cookie_comes(
    made: Any, file: TokenFile, site: str
) -> None:
    client, refresh = made().test_client(), '<meta http-equiv="refresh" content="0">'
    token(file)
    assert refresh in client.get("/about", headers={"Sec-Fetch-Site": site}).text
    for other in ("same-origin", "none"):
        assert refresh not in client.get("/about", headers={"Sec-Fetch-Site": other}).text


def test_the_page_says_when_there_is_nothing_to_sign_in_to(made: Any, file: TokenFile) -> None:
    client = made().test_client()
    assert "Nobody needs to sign in here" in client.get("/sign-in").text
    given = token(file)
    assert "<h1>Sign in</h1>" in client.get("/sign-in").text
    sign_in(client, given)
    assert "You are signed in" in client.get("/sign-in").text


def test_who_may_read_without_a_token_can_sign_in_to_see_more(made: Any) -> None:
    page = made(anonymous="read").test_client().get("/about").text
    assert '<a href="/sign-in?next=/about">Sign in</a>' in page


@pytest.mark.parametrize(
    "given",
    [
        *(
            "//evil.example",
            "///evil.example",
            "https://evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
        ),
        *("", "x", "/\n/evil.example", "/\t/evil.example", " //evil.example", "/\u2028", "http:evil.example", "//[", "/a\\b"),
    ],
)
def test_no_address_leads_elsewhere(made: Any, file: TokenFile, given: str) -> None:
    assert local_path(given) == "/"
    assert sign_in(made().test_client(), token(file), next=given).headers["Location"] == "/"


@pytest.mark.parametrize("given", ["/", "/incidents/a%2Fb?x=//y", "/?q=http://x", "/incidents/ä"])
def test_an_address_of_ours_stays_as_it_is(given: str) -> None:
    assert local_path(given) == given


# --- how often ------------------------------------------------------------------------------------------------------------


def test_too_many_requests_are_told_when_to_come_back(made: Any, file: TokenFile) -> None:
    client, ana, ben = made(rate_limit=3).test_client(), token(file), token(file, name="ben")
    assert [client.get(SEARCH, headers=bearing(ana)).status_code for _ in range(4)] == [200, 200, 200, 429]
    response = client.get(SEARCH, headers=bearing(ana))
    assert response.get_json()["code"] == "too_many_requests"
    assert 1 <= int(response.headers["Retry-After"]) <= 20
    assert client.get(SEARCH, headers=bearing(ben)).status_code == 200
    assert client.get("/healthz", headers=bearing(ana)).status_code == 200


def test_who_has_no_token_is_counted_by_address(made: Any) -> None:
    client = made(rate_limit=2, anonymous="read", proxies=1).test_client()

    def ask(given: str) -> int:
        return int(client.get(SEARCH, headers={"X-Forwarded-For": given}).status_code)

    assert [ask("192.0.2.7") for _ in range(3)] == [200, 200, 429]
    assert ask("192.0.2.8") == 200
    # What a caller writes before the address that the proxy adds is not believed.
    assert ask("203.0.113.1, 192.0.2.7") == 429


def test_without_a_proxy_nobody_is_believed_to_be_somebody_else(made: Any) -> None:
    client = made(rate_limit=2, anonymous="read").test_client()
    told = [client.get(SEARCH, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code for number in range(3)]
    assert told == [200, 200, 429]


def test_the_user_of_this_machine_is_not_counted(made: Any) -> None:
    client = made(rate_limit=1).test_client()
    assert [client.get("/about").status_code for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("way", ["bearer", "cookie", "form", "public"])
def test_wrong_tokens_are_soon_told_to_wait_and_a_right_one_never(made: Any, file: TokenFile, way: str) -> None:
    app, given, wrong = made().test_client().application, token(file), "rcas_" + "a" * 43

    def attempt() -> int:
        client = app.test_client()
        if way == "form":
            return int(sign_in(client, wrong).status_code)
        if way == "cookie":
            client.set_cookie("rcasearch", wrong)
        return int(
            client.get("/readyz" if way == "public" else "/about", headers=bearing(wrong) if way != "cookie" else {}).status_code
        )

    told = [attempt() for _ in range(FAILURES_A_MINUTE + 1)]
    if way == "public":
        assert set(told) == {200}
        assert app.test_client().get("/about", headers=bearing(wrong)).status_code == 429
    else:
        assert told == [401] * FAILURES_A_MINUTE + [429]
    assert app.test_client().get("/about", headers=bearing(given)).status_code == 200
    assert sign_in(app.test_client(), given).status_code == 303


def test_processes_of_one_server_count_together(tiny_searcher: Searcher, tiny_index: Path, file: TokenFile) -> None:
    from rcasearch.web.gate import Gates

    settings = Settings(index=str(tiny_index), tokens_file=str(file.path), rate_limit=3)
    shared, headers = Gates(settings), bearing(token(file))
    clients = [create_app(tiny_searcher, settings, shared).test_client() for _ in range(2)]
    assert [clients[number % 2].get(SEARCH, headers=headers).status_code for number in range(4)] == [200, 200, 200, 429]


def test_a_gate_knows_no_framework() -> None:
    assert Gate(Settings(anonymous="read", tokens_file="/none")).caller("", "192.0.2.1", direct=True).scopes == {"read"}


# --- hooks ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scopes", [("ingest",), ("admin",), ("read", "ingest")])
def test_a_token_sends_alerts_beside_the_secret_of_the_hooks(made: Any, file: TokenFile, scopes: tuple[str, ...]) -> None:
    client, given = made(hook_token="s3cret").test_client(), token(file, *scopes)

    def ask(headers: dict[str, str]) -> int:
        return int(client.post("/api/v1/hooks/generic", json={"message": "disk full"}, headers=headers).status_code)

    assert [ask(bearing(given)), ask(bearing("s3cret")), ask({}), ask(bearing("wrong"))] == [200, 200, 401, 401]


def test_a_token_that_only_reads_sends_no_alerts(made: Any, file: TokenFile) -> None:
    client, given = made(hook_open="generic").test_client(), token(file)
    assert client.post("/api/v1/hooks/generic", json={"message": "x"}, headers=bearing(given)).status_code == 403
    assert client.post("/api/v1/hooks/generic", json={"message": "x"}).status_code == 200
