"""The log: lines for people or JSON for programs, each with its request, none with what was asked."""

from __future__ import annotations

import logging
import threading
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
    # Its warnings name what callers call; its errors are told as ours are.
    logging.getLogger("mcp").setLevel(logging.ERROR)
    threading.excepthook = _thread_failed


def _thread_failed(told: threading.ExceptHookArgs) -> None:
    """Python would print the words of the error, whatever they quote."""
    if told.exc_value and not isinstance(told.exc_value, SystemExit):
        logging.getLogger("rcasearch").error("A thread failed.", exc_info=told.exc_value)


class _Discreet(logging.Formatter):
    """Tells of an error where it happened and its kind, not its words: these may quote what was asked, or a document.

    Only the operating system's own words are told, and these not in a request.
    """

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        # Another handler's formatter may have left the words there.
        record.exc_text = None
        return super().format(record)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802
        return "".join(_frames(ei[1])).rstrip() if ei[1] else ""


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
    """The traceback of an error and of those behind it, each by its class."""
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = [*_frames(behind), "\n"] if behind else []
    return [
        *before,
        "Traceback (most recent call last):\n",
        *traceback.format_tb(error.__traceback__),
        f"{type(error).__name__}{_words(error)}\n",
    ]


def _words(error: BaseException) -> str:
    return f": {error}" if isinstance(error, OSError) and not has_request_context() else ""
