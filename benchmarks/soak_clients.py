"""Ask a server for everything it answers, from many connections at once, and look into each answer.

``python -m benchmarks.soak_clients`` reads one JSON object on standard input and writes one to standard output. Clients are
patient, hasty, slow or gone before the answer comes. They go on until nobody listens any more, or until the time is up.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlsplit

from benchmarks.marked import MARK

GENERATION = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{4}")
_SEARCHED = re.compile(r'"searched":\s*(\d+)')
_CODE = re.compile(r'"code":\s*"(\w+)"|<p class="status">(\d+)')
_PATIENCE_S = 60.0
_TOLD = 5
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of one kind, and the statuses that are right for it when the server has time."""

    kind: str
    weight: int
    method: str
    path: str
    body: str = ""
    media: str = JSON
    headers: str = ""
    right: tuple[int, ...] = (200,)
    # Not all incidents are searched.
    partly: bool = False


@dataclass
class Tally:
    """What the clients have had so far."""

    statuses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    # Of one answer: generation, mark, incidents searched; each empty where it does not tell.
    told: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    shed_milliseconds: list[float] = field(default_factory=list)

    def note(self, what: str, example: str) -> None:
        """Count something that must not be."""
        self.wrong[what] += 1
        if self.wrong[what] <= _TOLD:
            self.examples.append(f"{what}: {example}"[:600])


def asks(texts: list[str], ids: list[str]) -> list[Ask]:
    """One request of each kind, about a text and an incident chosen at random."""
    text, named = random.choice(texts), random.choice(ids)
    query, api = quote_plus(text), "/api/v1"
    three = json.dumps({"queries": [{"text": one} for one in random.choices(texts, k=3)]})
    paste = "\n".join(f"2026-01-01T00:00:{n % 60:02d}Z ERROR worker-{n} {text[:400]}" for n in range(200))
    alert = json.dumps({"title": text[:80], "description": text, "status": "firing"})
    return [
        Ask("search, posted", 30, "POST", f"{api}/search", json.dumps({"text": text})),
        Ask("search, by address", 10, "GET", f"{api}/search?q={query}&limit=3"),
        Ask("search, a long paste", 3, "POST", f"{api}/search", json.dumps({"text": paste})),
        Ask("search, a batch", 3, "POST", f"{api}/search/batch", three),
        Ask("search, filtered", 4, "GET", f"{api}/search?q={query}&since=2024&severity=P1&severity=P2", partly=True),
        Ask("page of a search", 14, "GET", f"/?q={query}"),
        Ask("form of a search", 3, "POST", "/", f"q={query}", FORM, right=(303,)),
        Ask("first page", 3, "GET", "/"),
        Ask("page of an incident", 8, "GET", f"/incidents/{named}"),
        Ask("incident", 4, "GET", f"{api}/incidents/{named}"),
        Ask("similar", 4, "GET", f"{api}/incidents/{named}/similar", partly=True),
        Ask("incidents", 4, "GET", f"{api}/incidents?limit=50"),
        Ask("page of incidents", 4, "GET", "/incidents?since=2024"),
        Ask("page of recurrences", 3, "GET", "/recurrences"),
        Ask("recurrences", 3, "GET", f"{api}/recurrences"),
        Ask("map", 2, "GET", f"{api}/map"),
        Ask("page of the map", 2, "GET", f"/map?q={query}"),
        Ask("insights", 2, "GET", f"{api}/insights"),
        Ask("page of insights", 2, "GET", "/insights"),
        Ask("about", 1, "GET", "/about"),
        Ask("hook", 3, "POST", f"{api}/hooks/generic", alert),
        Ask("search, head only", 2, "HEAD", f"{api}/search?q={query}"),
        Ask("known already", 2, "GET", f"{api}/incidents", headers="If-None-Match: *\r\n", right=(304,)),
        Ask("malformed", 2, "GET", f"{api}/search?q=", right=(400,)),
        Ask("malformed JSON", 1, "POST", f"{api}/search", "{", right=(400,)),
        Ask("not there", 2, "GET", f"{api}/incidents/none", right=(404,)),
        Ask("alive", 2, "GET", "/healthz"),
        Ask("ready", 1, "GET", "/readyz"),
        Ask("figures", 1, "GET", "/metrics"),
        Ask("file", 1, "GET", "/static/base.css"),
    ]


class Client:
    """One client; its connection is kept while the server keeps it."""

    def __init__(self, url: str, texts: list[str], ids: list[str], tally: Tally) -> None:
        parts = urlsplit(url)
        self._at, self._texts, self._ids, self._tally = (parts.hostname, parts.port), texts, ids, tally
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def work(self, until: float) -> None:
        """Ask one thing after the other. Ends when nobody listens any more."""
        while time.monotonic() < until:
            kinds = asks(self._texts, self._ids)
            ask = random.choices(kinds, [one.weight for one in kinds])[0]
            manner = random.choices(("patient", "hasty", "slow", "gone"), (70, 26, 2, 2))[0]
            try:
                await asyncio.wait_for(self._one(ask, manner), _PATIENCE_S)
            except ConnectionRefusedError:
                return
            except TimeoutError:
                self._tally.note("no answer in a minute", ask.kind)
                self._close()

    async def _one(self, ask: Ask, manner: str) -> None:
        kept = self._streams is not None
        try:
            await self._asked(ask, manner)
        except ConnectionRefusedError:
            raise
        except (OSError, asyncio.IncompleteReadError) as error:
            self._close()
            if kept:
                # A connection that nothing is sent on may be closed at any time; whoever kept it asks again.
                self._tally.statuses["asked again on a new connection"] += 1
                await self._one(ask, manner)
            else:
                self._tally.note("no answer", f"{ask.kind}: {type(error).__name__} {error}")

    async def _asked(self, ask: Ask, manner: str) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._at)
        reader, writer = self._streams
        began = time.perf_counter()
        await self._send(writer, ask, manner)
        if manner == "gone":
            self._tally.statuses["gone before the answer"] += 1
            self._close()
            return
        status, headers, body = await _answer(reader, ask.method == "HEAD")
        self._look(ask, status, body, 1000 * (time.perf_counter() - began))
        if manner == "hasty" or headers.get("connection") == "close":
            self._close()
        if status == 503:
            await asyncio.sleep(random.random() * float(headers.get("retry-after", 1)))

    async def _send(self, writer: asyncio.StreamWriter, ask: Ask, manner: str) -> None:
        body = ask.body.encode()
        about = f"Content-Type: {ask.media}\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{ask.method} {ask.path} HTTP/1.1\r\nHost: localhost\r\n{about}{ask.headers}\r\n"
        data = head.encode() + body
        if manner == "slow":
            writer.write(data[:20])
            await asyncio.sleep(1)
            data = data[20:]
        writer.write(data)
        await writer.drain()

    def _close(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None

    def _look(self, ask: Ask, status: int, body: bytes, milliseconds: float) -> None:
        tally, text = self._tally, body.decode()
        tally.statuses[f"{status}"] += 1
        if status in ask.right:
            tally.milliseconds.append(milliseconds)
            self._look_into(ask, text)
            return
        found = _CODE.search(text)
        code = (found[1] or f"page {found[2]}") if found else "without a body"
        tally.codes[f"{status} {code}"] += 1
        if status == 503:
            tally.shed_milliseconds.append(milliseconds)
        else:
            tally.note(f"{status} where {ask.right[0]} is right", f"{ask.kind} {ask.path[:80]}: {text[:300]}")

    def _look_into(self, ask: Ask, text: str) -> None:
        generations, marks = set(GENERATION.findall(text)), set(MARK.findall(text))
        searched = set() if ask.partly else set(_SEARCHED.findall(text))
        if max(len(generations), len(marks), len(searched)) > 1:
            self._tally.note("mixed", f"{ask.kind}: {sorted(generations)} {sorted(marks)} {sorted(searched)}")
        elif generations or marks:
            self._tally.told[("".join(generations), "".join(marks), "".join(searched))] += 1


async def _answer(reader: asyncio.StreamReader, only_head: bool) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split()[1])
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    empty = only_head or status in (204, 304)
    return status, headers, b"" if empty else await reader.readexactly(int(headers.get("content-length", 0)))


async def press(task: dict[str, Any]) -> Tally:
    """All clients at once, until the time is up or nobody listens any more."""
    tally, until = Tally(), time.monotonic() + task["seconds"]
    clients = [Client(task["url"], task["texts"], task["ids"], tally) for _ in range(task["clients"])]
    await asyncio.gather(*(client.work(until) for client in clients))
    return tally


def main() -> None:
    tally = asyncio.run(press(json.load(sys.stdin)))
    told = [[*key, count] for key, count in tally.told.items()]
    json.dump({**vars(tally), "told": told}, sys.stdout)


if __name__ == "__main__":
    main()
