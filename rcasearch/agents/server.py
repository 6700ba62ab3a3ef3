"""The tools over the Model Context Protocol: on stdin and stdout, or as streamable HTTP."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError

from rcasearch import __version__
from rcasearch.agents.guard import Guard, asking
from rcasearch.agents.sizes import fitted
from rcasearch.agents.tools import INSTRUCTIONS, QUOTED, TOOLS, Tool
from rcasearch.errors import RcaSearchError
from rcasearch.model import EVERYTHING, UNLABELLED, Clearance
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import logs
from rcasearch.web.gate import check_start
from rcasearch.web.live import Live
from rcasearch.web.server import address_of, listen
from rcasearch.web.tenants import Tenants

log = logging.getLogger("rcasearch.agents")
PATH = "/mcp"
SHORTENED = (
    "It was shortened to fit: texts that end in … go on, and so do long lists. Ask for fewer incidents, or for one by its id."
)
_ONLY_READS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


class Desk:
    """Answers calls of tools from the index in force, from any thread. Calls wait while the index is opened."""

    def __init__(self, settings: Settings, searcher: Searcher | None = None) -> None:
        self._settings = settings
        self._tenants = Tenants(settings, Live(settings, searcher))
        self._opening = threading.Lock()

    def open(self) -> None:
        """Open the index in the background, so that the first call does not wait for all of it."""
        threading.Thread(target=self._open, name="open-index", daemon=True).start()

    def answer(
        self, tool: Tool, arguments: Mapping[str, object], clearance: Clearance = UNLABELLED, tenant: str | None = None
    ) -> types.CallToolResult:
        """What a tool answers to a reader of that clearance and tenant, None for the server's own: as structured content and as
        text; an error as its sentences.
        """
        try:
            searcher = self._searcher(tenant).seen_by(clearance)
            return _answered(tool.answer(arguments, searcher, self._settings))
        except RcaSearchError as error:
            return _failed(f"{error.message} {error.hint}".strip())
        except Exception:
            log.exception("%s failed", tool.name)
            return _failed("Something broke inside the server. Its log tells more.")

    def _searcher(self, tenant: str | None) -> Searcher:
        if tenant is not None:
            return self._tenants.of(tenant).searcher()
        with self._opening:
            return self._tenants.own.searcher()

    def _open(self) -> None:
        with self._opening:
            self._tenants.own.open()


def serve_stdio(settings: Settings) -> None:
    """Answer on stdin and stdout until stdin ends. The log goes to stderr."""
    logs.to_stderr(settings)
    desk = Desk(settings)
    desk.open()
    # A thread that reads stdin cannot be interrupted, and there is nothing to finish.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Who started it reads the files anyway; the setting `access` says what of them is for agents.
    anyio.run(_talk, make_server(desk, settings, lambda: EVERYTHING))


def serve_http(settings: Settings) -> None:
    """Answer HTTP at ``/mcp`` until SIGTERM or SIGINT.

    Raises SettingsError where the address cannot be listened on, where others than this machine could ask and nobody said
    what they may do, and for origins and hosts that are none.
    """
    desk = Desk(settings)
    # Nothing is kept between requests, so that a restart loses no session.
    app = make_server(desk, settings, lambda: asking().clearance, lambda: asking().tenant).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=settings.max_body_bytes,
        # The guard looks at names and origins, and says what is wrong.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    guarded = Guard(app, settings)
    logs.to_stderr(settings)
    check_start(settings)
    listener = listen(settings.host, settings.mcp_port)
    desk.open()
    print(f"rcasearch answers agents on {address_of(listener)}{PATH[1:]} (Ctrl+C stops it)", file=sys.stderr, flush=True)
    uvicorn.Server(uvicorn.Config(guarded, log_config=None, access_log=False, proxy_headers=False)).run(sockets=[listener])


def make_server(
    desk: Desk,
    settings: Settings,
    clearance: Callable[[], Clearance] = lambda: UNLABELLED,
    tenant: Callable[[], str | None] = lambda: None,
) -> Server[Any]:
    """The protocol's server over the tools. ``clearance`` and ``tenant`` tell what the sender of the current call may see."""
    known = {tool.name: tool for tool in TOOLS}
    listed = types.ListToolsResult(tools=[_described(tool, settings) for tool in TOOLS])

    async def list_tools(_: Any, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return listed

    async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in known:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name[:80]!r}. There are: {', '.join(known)}.")
        call = partial(desk.answer, known[params.name], params.arguments or {}, clearance(), tenant())
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)

    return Server(
        "rcasearch",
        version=__version__,
        title="Past incidents",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _talk(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _described(tool: Tool, settings: Settings) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input(settings),
        output_schema=tool.output,
        annotations=_ONLY_READS,
    )


def _answered(answer: Any) -> types.CallToolResult:
    told, shortened = fitted(answer)
    words = f"{QUOTED} {SHORTENED}" if shortened else QUOTED
    # Clients that know no structured content read the text.
    texts = (words, json.dumps(told, ensure_ascii=False))
    return types.CallToolResult(content=[types.TextContent(text=text) for text in texts], structured_content=told)


def _failed(sentences: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=sentences)], is_error=True)
