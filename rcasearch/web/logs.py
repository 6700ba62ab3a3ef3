"""The log: lines for people or JSON for programs, each with its request, none with what was asked."""

from __future__ import annotations

import logging
import time
import traceback
from types import TracebackType
from typing import Any

import msgspec
from flask import g, has_request_context

from rcasearch.settings import Settings
from rcasearch.web.tracing import Trace

_TEXT = "%(asctime)s %(levelname)s %(message)s"
_TEXT_OF_MANY = "%(asctime)s %(levelname)s [%(process)d] %(message)s"
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def to_stderr(settings: Settings, *, many: bool = False) -> None:
    """Log our requests and index switches, and what worries the libraries, in UTC; a log that is set up already stays as it is.

    ``many`` says that several processes write it.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter(_TEXT_OF_MANY if many else _TEXT))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("rcasearch").setLevel(logging.INFO)


class _Discreet(logging.Formatter):
    """Tells of an error in a request where it happened and its kind, not its words: these may quote what was asked."""

    converter = staticmethod(time.gmtime)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802
        if not has_request_context() or ei[1] is None:
            return super().formatException(ei)
        return "".join(_frames(ei[1])).rstrip()


class TextFormatter(_Discreet):
    """Lines for people, with the time in UTC."""

    def __init__(self, form: str) -> None:
        super().__init__(form, "%Y-%m-%dT%H:%M:%SZ")


class JsonFormatter(_Discreet):
    """One JSON object a line; a request's id and trace are in it, and the ``fields`` that a record brings."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **_request(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told).decode()


def _request() -> dict[str, str]:
    if not has_request_context() or "request_id" not in g:
        return {}
    trace: Trace | None = g.get("trace")
    traced = {"trace_id": trace.id, "parent_span_id": trace.span_id, "traceparent": trace.header} if trace else {}
    return {"request_id": g.request_id, **traced}


def _frames(error: BaseException) -> list[str]:
    """The traceback of an error and of those behind it, each by its class alone."""
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = [*_frames(behind), "\n"] if behind else []
    return [
        *before,
        "Traceback (most recent call last):\n",
        *traceback.format_tb(error.__traceback__),
        f"{type(error).__name__}\n",
    ]
