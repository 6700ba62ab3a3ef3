"""The client: a method for each route, records out, errors with the server's own words."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

import msgspec

try:
    import httpx2
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "rcasearch.client needs the package httpx2. Install it with the extra client: pip install 'rcasearch[client]'",
        name=missing.name,
    ) from None

from rcasearch import __version__
from rcasearch.client import records, service
from rcasearch.client.failures import ApiError
from rcasearch.client.recurrences import Recurrence, Recurrences

Answer = TypeVar("Answer")
Order = Literal["last", "count", "minutes"]
# A server that reads its index asks for five seconds; nobody waits for a minute because a proxy says so.
LONGEST_WAIT_S = 30.0
_UNSAID_WAIT_S = 5.0
# What decoding an answer raises that is not ours; JSON nested without end is the last.
_FOREIGN = (msgspec.DecodeError, UnicodeError, RecursionError)
_HINT = "Give the client a token that `rcasearch token add NAME` made."


class Filter(TypedDict, total=False):
    """What hits must satisfy: any of the values of a filter, every filter. Dates as 2025-11-16, 2025-11, 2025, 90d, 6m or 2y."""

    service: str | Sequence[str]
    severity: str | Sequence[str]
    tag: str | Sequence[str]
    status: str | Sequence[str]
    since: str
    until: str


class Client:
    """A connection to a server. One object serves many threads; close it, or use it as a context manager.

    Every method raises ApiError.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        token: str | None = None,
        timeout_s: float = 30.0,
        retries: int = 3,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """``url`` is the server's address, with the path that a proxy puts before it. ``retries`` counts how often a request is
        sent again that the server cannot answer yet (503, 429), after the wait that it asks for. ``token`` tells who asks, where
        the server wants to know; without TLS it can be read on the way. ``headers`` go with every request.
        """
        self._url = url.rstrip("/")
        self._retries = retries
        known = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {"User-Agent": f"rcasearch-client/{__version__}", "Accept": "application/json", **known, **(headers or {})}
        self._http = httpx2.Client(timeout=timeout_s, headers=sent, transport=transport)

    def search(
        self, text: str, limit: int | None = None, ignore: str | Sequence[str] | None = None, **filters: Unpack[Filter]
    ) -> records.Results:
        """The precedents of a description, alert payload, log or stack trace.

        ``ignore`` names what is not to count of what the answer reads it as, as in ``"service:checkout"``.
        """
        asked = _given(text=text, limit=limit, ignore=ignore, **filters)
        return self._ask(records.Results, "POST", "/api/v1/search", json=asked)

    def batch(self, queries: Iterable[Mapping[str, object]]) -> list[records.Results | ApiError]:
        """The answer to each query, in their order; an error stands in the place of its query and is not raised.

        A query is what `search` takes, as in ``{"text": "disk full", "limit": 3, "service": "search"}``.
        """
        found = self._ask(service.Batch, "POST", "/api/v1/search/batch", json={"queries": [dict(query) for query in queries]})
        return [item.result or _error(item) for item in found.results]

    def similar(self, incident_id: str, limit: int | None = None, **filters: Unpack[Filter]) -> records.Results:
        """The incidents most like one on record."""
        return self._ask(records.Results, "GET", f"{_path(incident_id)}/similar", params=_given(limit=limit, **filters))

    def incident(self, incident_id: str) -> records.Incident:
        """One incident, whole."""
        return self._ask(records.Incident, "GET", _path(incident_id))

    def incidents(self, page: int = 100, **filters: Unpack[Filter]) -> Iterator[records.Summary]:
        """All incidents that pass, newest first, fetched ``page`` at a time."""
        at, total = 0, 1
        while at < total:
            params = _given(offset=at, limit=page, **filters)
            found = self._ask(records.Page, "GET", "/api/v1/incidents", params=params)
            yield from found.incidents
            at, total = at + page, found.total

    def recurrences(self, order: Order | None = None, page: int = 100, **filters: Unpack[Filter]) -> Iterator[Recurrence]:
        """All failures that happened again and of which an incident passes, fetched ``page`` at a time.

        The one that did so last comes first, or the most frequent, or the one that took the most minutes.
        """
        at, total = 0, 1
        while at < total:
            params = _given(offset=at, limit=page, order=order, **filters)
            found = self._ask(Recurrences, "GET", "/api/v1/recurrences", params=params)
            yield from found.recurrences
            at, total = at + page, found.total

    def recurrence(self, recurrence_id: str) -> Recurrence:
        """One failure that happened again, by its id or by that of one of its incidents."""
        return self._ask(Recurrence, "GET", f"/api/v1/recurrences/{quote(recurrence_id, safe='')}")

    def health(self) -> service.Health:
        """That the process answers, whether or not there is an index."""
        return self._ask(service.Health, "GET", "/healthz")

    def ready(self) -> service.Index:
        """The index that is searched; waits for one as long as for any other answer. Whoever may not read is not told which."""
        found = self._ask(service.Ready, "GET", "/readyz").index
        if found is None:
            raise ApiError("Only who may read is told which index there is.", _HINT, status=401, code="token_needed")
        return found

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ask(self, wanted: type[Answer], method: str, path: str, **sent: Any) -> Answer:
        for left in range(self._retries, -1, -1):
            response = self._send(method, path, **sent)
            if response.status_code not in (429, 503) or not left:
                break
            time.sleep(wait_s(response.headers.get("Retry-After")))
        if not response.is_success:
            raise self._refused(response)
        return self._decoded(response, wanted)

    def _send(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        try:
            return self._http.request(method, self._url + path, **sent)
        except httpx2.TimeoutException:
            told = f"{self._url} did not answer in time."
            raise ApiError(told, "Ask again, or give the client a longer timeout_s.", code="timeout") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            told = f"{self._url} cannot be reached: {str(error) or type(error).__name__}."
            hint = "Check the address, and that `rcasearch serve` runs there."
            raise ApiError(told, hint, code="unreachable") from None

    def _refused(self, response: httpx2.Response) -> ApiError:
        try:
            return ApiError.of(msgspec.json.decode(response.content, type=service.ProblemDetails))
        except _FOREIGN:
            return self._foreign(response)

    def _decoded(self, response: httpx2.Response, wanted: type[Answer]) -> Answer:
        try:
            return msgspec.json.decode(response.content, type=wanted)
        except _FOREIGN:
            raise self._foreign(response) from None

    def _foreign(self, response: httpx2.Response) -> ApiError:
        kind = response.headers.get("Content-Type", "nothing that has a type")
        told = f"{self._url} did not answer as rcasearch does: status {response.status_code}, {kind}."
        hint = "Check that the address is the one of `rcasearch serve`, and what stands before it."
        return ApiError(told, hint, status=response.status_code, code="not_rcasearch")


def wait_s(given: str | None) -> float:
    """The seconds that a Retry-After header asks for, as a number or as a date; at most half a minute."""
    try:
        asked = float(given) if given and given.isdigit() else _until(given)
    except (ValueError, TypeError):
        asked = _UNSAID_WAIT_S
    return min(max(asked, 0.0), LONGEST_WAIT_S)


def _until(given: str | None) -> float:
    return (parsedate_to_datetime(given or "") - datetime.now(UTC)).total_seconds()


def _given(**values: object) -> dict[str, Any]:
    """The parameters that were given."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value is not None}


def _path(incident_id: str) -> str:
    return f"/api/v1/incidents/{quote(incident_id, safe='')}"


def _error(item: service.BatchItem) -> ApiError:
    assert item.problem is not None
    return ApiError.of(item.problem)
