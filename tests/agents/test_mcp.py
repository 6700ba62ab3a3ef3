"""The tools as an agent meets them: the protocol's own client, over stdio and over HTTP, with processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

from rcasearch.agents.server import Desk, make_server
from rcasearch.agents.sizes import fitted
from rcasearch.agents.tools import QUOTED
from rcasearch.cli import main
from rcasearch.render import incident_as_dict
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from tests.recurring import DISK, tiny_recurrences
from tests.web.conftest import POOL, POOL_QUERY

ROOT = Path(__file__).parents[2]
MODES = ("auto", "legacy")
Value = TypeVar("Value")


@pytest.fixture
def server(tiny_searcher: Searcher, tiny_index: Path) -> Any:
    settings = Settings(index=str(tiny_index))
    return make_server(Desk(settings, tiny_searcher), settings)


def talk(server: Any, ask: Callable[[Client], Awaitable[Value]], mode: str = "auto") -> Value:
    """What a client that speaks to this server gets."""

    async def run() -> Value:
        async with Client(server, mode=mode, read_timeout_seconds=120) as client:
            return await ask(client)

    return asyncio.run(run())


def call(server: Any, name: str, mode: str = "auto", **arguments: Any) -> types.CallToolResult:
    async def ask(client: Client) -> types.CallToolResult:
        return await client.call_tool(name, arguments)

    return talk(server, ask, mode)


def words(result: types.CallToolResult) -> list[str]:
    return [block.text for block in result.content if isinstance(block, types.TextContent)]


def command(index: Path) -> StdioServerParameters:
    """How an agent on this machine starts it."""
    return StdioServerParameters(command=sys.executable, args=["-m", "rcasearch", "mcp"], env=environment(index), cwd=ROOT)


def environment(index: Path) -> dict[str, str]:
    return {**os.environ, "RCASEARCH_INDEX": str(index), "RCASEARCH_MCP_PORT": "0"}


@contextmanager
def over_http(index: Path) -> Iterator[str]:
    """The address of `rcasearch mcp --http` on a free port."""
    words = [sys.executable, "-m", "rcasearch", "mcp", "--http"]
    with subprocess.Popen(words, env=environment(index), cwd=ROOT, text=True, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://\S+/mcp", process.stderr.readline())
            assert found, process.stderr.read()
            yield found[0]
        finally:
            process.terminate()
            process.communicate()


# --- processes of their own ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_client_finds_a_precedent_over_stdio(tiny_index: Path, mode: str) -> None:
    found = call(command(tiny_index), "find_precedents", mode, text=POOL_QUERY, limit=2)
    assert not found.is_error
    assert found.structured_content["verdict"] == "strong"
    assert found.structured_content["hits"][0]["id"] == POOL


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_client_finds_a_precedent_over_http(tiny_index: Path, mode: str) -> None:
    with over_http(tiny_index) as url:
        found = call(url, "find_precedents", mode, text=POOL_QUERY, limit=2)
        assert found.structured_content["hits"][0]["id"] == POOL
        refused = httpx2.post(url, json={}, headers={"Host": "evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "host_not_allowed")


@pytest.mark.slow
def test_without_an_index_it_runs_and_every_call_names_the_command(tmp_path: Path) -> None:
    found = call(command(tmp_path / "none"), "find_precedents", text=POOL_QUERY)
    assert found.is_error
    assert found.structured_content is None
    assert f"`rcasearch index SOURCE --index {tmp_path}/none`" in words(found)[0]


@pytest.mark.slow
def test_nothing_but_the_protocol_goes_to_stdout(tmp_path: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "get_incident", "arguments": {"id": "x"}}},
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "rcasearch", "mcp"],
        env=environment(tmp_path / "none"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for message in messages:
            process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        rest, log = process.communicate()
    assert sorted(answer["id"] for answer in answers) == [1, 2]
    assert rest == ""
    assert "There is no index" in log
    assert process.returncode == 0


@pytest.mark.slow
def test_an_interruption_ends_it_while_it_waits_for_stdin(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "rcasearch", "mcp"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=environment(tmp_path / "none"), text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


# --- the tools ------------------------------------------------------------------------------------------------------------


def test_the_tools_only_read_and_say_so(server: Any) -> None:
    async def ask(client: Client) -> list[types.Tool]:
        assert client.instructions is not None
        assert QUOTED in client.instructions
        return (await client.list_tools()).tools

    tools = talk(server, ask)
    assert [tool.name for tool in tools] == ["find_precedents", "get_incident", "list_recurrences"]
    for tool in tools:
        hints = tool.annotations
        assert hints is not None
        assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (
            True,
            False,
            True,
            False,
        )
        assert tool.title
        assert tool.description is not None
        assert QUOTED in tool.description
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"


def test_an_incident_is_read_whole_by_its_id(server: Any, tiny_searcher: Searcher) -> None:
    found = call(server, "get_incident", id=POOL)
    assert found.structured_content == json.loads(json.dumps(incident_as_dict(tiny_searcher.incident(POOL))))
    assert [json.loads(text) for text in words(found)[1:]] == [found.structured_content]


def test_what_documents_say_is_told_to_be_quoted(server: Any) -> None:
    assert words(call(server, "find_precedents", text=POOL_QUERY))[0] == QUOTED


def test_recurrences_are_listed_with_filters_and_a_limit(server: Any, tiny_searcher: Searcher) -> None:
    found = call(server, "list_recurrences", limit=5, service=["checkout"], since="2020").structured_content
    assert (found["index_id"], found["total"]) == (tiny_searcher.info.id, len(found["recurrences"]))


def test_recurrences_tell_of_their_fixes_in_the_order_that_is_asked_for(
    server: Any, tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tiny_recurrences(tiny_searcher)
    monkeypatch.setattr(Searcher, "recurrences", lambda self, filters: made)
    found = call(server, "list_recurrences", order="count", limit=1, offset=1).structured_content
    assert (found["total"], found["order"], [one["id"] for one in found["recurrences"]]) == (2, "count", [DISK])
    [first] = call(server, "list_recurrences", limit=1).structured_content["recurrences"]
    assert [(fix["held"], fix["days"]) for fix in first["fixes"]] == [(False, 553), (True, 199)]


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("find_precedents", {}, "The query has no text. Describe what you see"),
        ("find_precedents", {"text": "x", "limit": 1_000}, "limit must be a whole number from 1 to 100."),
        ("find_precedents", {"text": "x", "colour": "red"}, "Unknown parameter: colour. Known parameters: text"),
        ("find_precedents", {"text": "x", "since": "tomorrow"}, "since is 'tomorrow', which is no date."),
        ("get_incident", {"id": "nothing"}, "No incident has the id 'nothing'."),
        ("get_incident", {}, "id must be the id of an incident. Take it from a hit of find_precedents."),
        ("get_incident", {"id": POOL, "format": "pdf"}, "Unknown parameter: format."),
        ("list_recurrences", {"text": "x"}, "Unknown parameter: text."),
        ("list_recurrences", {"order": "size"}, "order is 'size', which is none. Write one of last, count, minutes."),
        ("list_recurrences", {"limit": "many"}, "limit is 'many'; it must be a whole number"),
    ],
)
def test_what_is_wrong_is_told_in_the_projects_sentences(
    server: Any, name: str, arguments: dict[str, Any], sentence: str
) -> None:
    failed = call(server, name, **arguments)
    assert failed.is_error
    assert words(failed)[0].startswith(sentence)


def test_an_unknown_tool_is_an_error_of_the_protocol(server: Any) -> None:
    async def ask(client: Client) -> None:
        with pytest.raises(MCPError, match="There is no tool 'drop_table'"):
            await client.call_tool("drop_table", {})

    talk(server, ask)


def test_a_fault_is_told_without_its_words(
    server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Searcher, "search", fail)
    failed = call(server, "find_precedents", text="x")
    assert (failed.is_error, words(failed)) == (True, ["Something broke inside the server. Its log tells more."])
    assert "ZeroDivisionError" in caplog.text


def test_an_answer_that_is_too_long_is_shortened_and_says_so(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.agents.server.fitted", partial(fitted, most=3_000))
    found = call(server, "get_incident", id=POOL)
    assert "It was shortened to fit" in words(found)[0]
    assert len(words(found)[1]) <= 3_000
    assert found.structured_content["id"] == POOL


def test_without_the_package_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "rcasearch.agents.server", raising=False)
    monkeypatch.delattr("rcasearch.agents.server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp_types", None)
    assert main(["mcp"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "`rcasearch mcp` needs the package mcp, and mcp_types is not installed." in told.err
    assert "pip install" in told.err
