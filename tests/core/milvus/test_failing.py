"""What an error of the engine means, and the sentence it becomes."""

from __future__ import annotations

import base64

import grpc
import pytest

from rcasearch.errors import EngineError, EngineRefusedError, IndexMissingError
from rcasearch.stores.milvus import sdk
from rcasearch.stores.milvus.failing import Kind, kind_of, told

milvus = sdk.pymilvus()
exceptions = __import__("pymilvus.exceptions", fromlist=["exceptions"])
TOKEN = "root:s3cret-word"
PLACE = "db.example:19530"


class Broken(grpc.RpcError):  # type: ignore[misc]
    """An error as gRPC raises it."""

    def __init__(self, status: grpc.StatusCode, details: str | None = "broken\n  pipe.") -> None:
        super().__init__()
        self._status, self._details = status, details

    def code(self) -> grpc.StatusCode:
        return self._status

    def details(self) -> str | None:
        return self._details


def connecting(cause: Exception | None) -> Exception:
    error: Exception = milvus.MilvusException(2, "Fail connecting to server")
    error.__cause__ = cause
    return error


def answered(code: int, message: str = "no", **more: object) -> Exception:
    error: Exception = milvus.MilvusException(code, message, **more)
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Broken(grpc.StatusCode.UNAVAILABLE), Kind.AWAY),
        (Broken(grpc.StatusCode.DEADLINE_EXCEEDED), Kind.AWAY),
        (TimeoutError("waited"), Kind.AWAY),
        (Broken(grpc.StatusCode.INTERNAL), Kind.PASSING),
        (Broken(grpc.StatusCode.CANCELLED), Kind.PASSING),
        (Broken(grpc.StatusCode.UNAUTHENTICATED), Kind.STRANGER),
        (Broken(grpc.StatusCode.INVALID_ARGUMENT), Kind.WRONG),
        (Broken(grpc.StatusCode.UNIMPLEMENTED), Kind.WRONG),
        (Broken(grpc.StatusCode.RESOURCE_EXHAUSTED), Kind.WRONG),
        (milvus.MilvusException(grpc.StatusCode.UNAVAILABLE, "Retry run out"), Kind.AWAY),
        (connecting(None), Kind.AWAY),
        (connecting(Broken(grpc.StatusCode.UNAVAILABLE)), Kind.AWAY),
        (connecting(Broken(grpc.StatusCode.DEADLINE_EXCEEDED)), Kind.AWAY),
        (connecting(Broken(grpc.StatusCode.UNAUTHENTICATED)), Kind.STRANGER),
        (answered(1), Kind.PASSING),
        (answered(8), Kind.PASSING),
        (answered(106), Kind.PASSING),
        (answered(901), Kind.PASSING),
        (answered(65535), Kind.PASSING),
        (answered(100), Kind.MISSING),
        (exceptions.DescribeCollectionException(100, "can't find collection"), Kind.MISSING),
        (answered(1100), Kind.WRONG),
        (answered(1600), Kind.WRONG),
        (answered(1401), Kind.STRANGER),
        (exceptions.DataNotMatchException(message="a field is missing"), Kind.WRONG),
        (exceptions.ParamError(message="limit"), Kind.WRONG),
        (ValueError("a defect of ours"), None),
        (KeyboardInterrupt(), None),
        (OSError(5, "disk"), None),
    ],
    ids=repr,
)
def test_each_error_is_of_one_kind(error: BaseException, kind: Kind | None) -> None:
    assert kind_of(error) is kind


@pytest.mark.parametrize(
    ("kind", "raised", "words"),
    [
        (Kind.AWAY, EngineError, "does not answer"),
        (Kind.PASSING, EngineError, "cannot answer at the moment"),
        (Kind.STRANGER, EngineRefusedError, "setting store_token"),
        (Kind.MISSING, IndexMissingError, "has no such index"),
        (Kind.WRONG, EngineRefusedError, "refuses the call search"),
    ],
)
def test_each_kind_has_a_sentence_that_names_the_engine_and_what_to_do(kind: Kind, raised: type[Exception], words: str) -> None:
    error = told(Broken(grpc.StatusCode.UNKNOWN), kind, "search", PLACE, TOKEN)
    assert type(error) is raised
    assert words in error.message
    assert PLACE in error.message
    assert error.message.endswith(": broken pipe.")
    assert error.hint


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("secret", [TOKEN, "s3cret-word", base64.b64encode(TOKEN.encode()).decode()])
def test_no_sentence_has_the_token(kind: Kind, secret: str) -> None:
    for error in (Broken(grpc.StatusCode.UNKNOWN, f"auth of {secret} failed"), answered(5, f"auth of {secret} failed")):
        found = told(error, kind, "search", PLACE, TOKEN)
        assert secret not in found.message + found.hint
        assert "auth of … failed" in found.message


def test_a_connection_tells_why_it_was_not_made() -> None:
    found = told(connecting(Broken(grpc.StatusCode.UNAVAILABLE, "Connection refused")), Kind.AWAY, "search", PLACE, "")
    assert "Connection refused" in found.message


@pytest.mark.parametrize("details", [None, ""])
def test_an_error_without_words_is_told_by_its_name(details: str | None) -> None:
    assert "Broken" in told(Broken(grpc.StatusCode.UNKNOWN, details), Kind.AWAY, "search", PLACE, "").message


def test_a_long_reason_is_cut() -> None:
    assert len(told(answered(1, "x" * 10_000), Kind.PASSING, "search", PLACE, "").message) < 500
