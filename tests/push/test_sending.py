"""One request: where it may go, where it is not led, and what is made of the answer."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from rcasearch.push import sending
from rcasearch.push.sending import Outcome, Request, is_private, seconds, send
from tests.push.receiver import free_port, receiving


def request(url: str, **given: Any) -> Request:
    return Request(url, b'{"a": 1}', {"Content-Type": "application/json", "Authorization": "Bearer x"}, **given)


def test_it_arrives_with_its_headers() -> None:
    with receiving() as receiver:
        assert send(request(receiver.url + "?a=b")) == Outcome()
    [got] = receiver.received
    assert (got.path, got.body) == ("/services/T0/B0/verysecret?a=b", b'{"a": 1}')
    assert got.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["Authorization"] == "Bearer x"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiving() as other, receiving(0, (status, {"Location": other.url}, b"")) as receiver:
        outcome = send(request(receiver.url))
    assert outcome == Outcome(f"it answered {status}, and redirects are not followed: write the final address into the settings")
    assert other.received == []


@pytest.mark.parametrize(("status", "again"), [(400, False), (403, False), (404, False), (410, False)] + [
    (code, True) for code in (408, 425, 429, 500, 502, 503)
])  # fmt: skip
def test_a_refusal_stays_one_unless_it_says_later(status: int, again: bool) -> None:
    with receiving(0, (status, {"Retry-After": "7"}, b"invalid_payload")) as receiver:
        assert send(request(receiver.url)) == Outcome(f"it answered {status}: invalid_payload", again, "7")


def test_nobody_there_is_tried_again() -> None:
    outcome = send(request(f"http://127.0.0.1:{free_port()}/x"))
    assert outcome.again
    assert "Connection refused" in outcome.error


METADATA = ("169.254.169.254", "169.254.170.2", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200", "168.63.129.16")
CARRIED = ("::ffff:169.254.169.254", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe")


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("host", [*METADATA, *CARRIED, "0.0.0.0", "::", "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255"])
def test_no_name_leads_to_metadata_or_to_nobody_whatever_is_allowed(
    host: str, private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (host, 80))])
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it was connected"))
    outcome = send(request("http://innocent.example/x", private=private))
    assert (outcome.error[:12], outcome.again) == ("it leads to ", False)


def test_of_many_addresses_not_all_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1_000, 9))
    asked: list[object] = []

    def refuse(address: object, timeout: float) -> None:
        asked.append(address)
        raise TimeoutError

    some = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"8.8.8.{number}", 80)) for number in range(200)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: some)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr("rcasearch.push.sending.time.monotonic", lambda: float(next(clock)))
    assert send(request("http://slow.example/x")).again
    assert len(asked) == 2


@pytest.mark.parametrize(
    "host", ["10.1.2.3", "192.168.0.1", "127.0.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1"]
)
def test_a_public_name_does_not_lead_to_a_private_network(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the name server says, also where one address is written within another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (host, 80))])
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it was connected"))
    outcome = send(request("http://innocent.example/x"))
    assert outcome.error.startswith("its name leads to a private network")
    assert not outcome.again


def test_a_name_in_a_private_network_is_reached_where_the_target_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        monkeypatch.setattr(sending, "_reached", _to(receiver.port))
        assert send(request("http://bridge.ops.svc/x", private=True)) == Outcome()
    assert receiver.received[0].headers["Host"] == "bridge.ops.svc"


def _to(port: int) -> Any:
    def reached(host: str, _: int, *, private: bool) -> socket.socket:
        assert private
        return socket.create_connection(("127.0.0.1", port))

    return reached


def test_a_receiver_that_answers_drop_by_drop_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # The connection is taken by the system; nobody ever answers on it.
        outcome = send(request(f"http://127.0.0.1:{listener.getsockname()[1]}/x"))
    assert outcome.again
    assert outcome.error.startswith("it cannot be reached")


@pytest.mark.parametrize(
    ("host", "private"),
    [
        *[(host, True) for host in ("localhost", "LOCALHOST.", "127.9.9.9", "::1", "10.0.0.1")],
        *[(host, False) for host in ("8.8.8.8", "localhost.example.com", "hooks.slack.com", "")],
    ],
)
def test_what_only_a_private_address_is(host: str, private: bool) -> None:
    assert is_private(host) is private


@pytest.mark.parametrize(
    ("header", "wait"),
    [("30", 30), ("", 0), ("soon", 0), ("-3", 0), ("Thu, 01 Jan 1970 00:01:40 GMT", 40), ("Thu, 01 Jan 1970 00:00:01 GMT", 0)],
)
def test_a_time_to_try_again_is_read(header: str, wait: float) -> None:
    assert seconds(header, 60.0) == wait
