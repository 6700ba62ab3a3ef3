"""Every answer of every route carries the headers of safety, and no page holds what its policy forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from rcasearch.web.app import HEADERS
from tests.web.conftest import POOL, POOL_QUERY
from tests.web.test_errors import address, rules

WEB = Path(__file__).parents[2] / "rcasearch" / "web"
TEMPLATES = sorted(WEB.glob("templates/*.html"))
SCRIPTS = sorted(WEB.glob("static/*.js"))
SHEETS = sorted(WEB.glob("static/*.css"))


def assert_safe(response: TestResponse) -> None:
    for name, value in HEADERS.items():
        assert response.headers.getlist(name) == [value], name
    assert response.headers["Cache-Control"]
    assert response.headers["X-Request-Id"]
    assert "Set-Cookie" not in response.headers
    assert "Server" not in response.headers


def test_the_policy_allows_nothing_but_our_own_files() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == policy.pop("base-uri") == policy.pop("frame-ancestors") == "'none'"
    assert set(policy.values()) == {"'self'"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_every_route_answers_with_them_whatever_it_is_asked(client: FlaskClient, rule: Rule) -> None:
    path = address(rule).replace("/any", f"/{POOL}", 1) if "incident" in rule.rule else address(rule)
    query = {"q": POOL_QUERY} if rule.rule in ("/", "/api/v1/search") else {}
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT"):
        response = client.open(path, method=method, query_string=query if method == "GET" else {}, buffered=True)
        assert_safe(response)


def test_redirects_files_and_what_did_not_change_have_them(client: FlaskClient) -> None:
    assert_safe(client.get("/?service=checkout"))
    assert_safe(client.get("/static/base.css", buffered=True))
    known = client.get("/api/v1/incidents").headers["ETag"]
    unchanged = client.get("/api/v1/incidents", headers={"If-None-Match": known})
    assert unchanged.status_code == 304
    assert_safe(unchanged)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_script_a_style_or_a_handler_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"'{]|javascript:|srcdoc=|<(base|iframe|object|embed)\b", text, re.IGNORECASE
    )
    for tag, content in re.findall(r"(<script[^>]*>)(.*?)</script>", text, re.DOTALL):
        if 'type="application/json"' in tag:  # data, which no browser runs
            assert re.fullmatch(r"\{\{ \w+\|tojson \}\}", content)
        else:
            assert "src=\"{{ asset('" in tag
            assert content == ""
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_code_or_markup_of_strings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\beval\(|new Function\(|document\.write|insertAdjacentHTML|outerHTML\s*=|https?://", text)
    assert '"use strict"' in text


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_no_sheet_asks_for_anything(path: Path) -> None:
    assert not re.search(r"@import|url\(", path.read_text(encoding="utf-8"))
