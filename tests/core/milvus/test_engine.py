"""An engine is asked in the time there is, again where that may help, and not while it is away."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from rcasearch import patience
from rcasearch.errors import EngineError, EngineRefusedError, GoneError, IndexMissingError, TimedOutError
from rcasearch.stores.milvus import engine as engines
from rcasearch.stores.milvus import sdk
from rcasearch.stores.milvus.address import Address
from rcasearch.stores.milvus.breaker import Breaker
from rcasearch.stores.milvus.engine import Engine
from tests.milvus_stub import closed_port, silent, stub

milvus = sdk.pymilvus()
ADDRESS = Address("db.example", 19530, "x")


class Away(grpc.RpcError):  # type: ignore[misc]
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return "no route"


class Client:
    """A client that answers from a list: what is an exception is raised; nothing left is "ok"."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.closed = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*args: Any, **kwargs: Any) -> object:
            self.asked.append((name, args, kwargs))
            answer = self.answers.pop(0) if self.answers else "ok"
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return call

    def close(self) -> None:
        self.closed += 1

    @property
    def timeouts(self) -> list[float]:
        return [kwargs["timeout"] for _, _, kwargs in self.asked]


@pytest.fixture(autouse=True)
def no_limit_is_left() -> Iterator[None]:
    yield
    patience.set_limit(None)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("rcasearch.stores.milvus.engine.time.sleep", found.append)
    return found


def over(client: Client, breaker: Callable[[], Breaker] = Breaker) -> Engine:
    return Engine(ADDRESS, "root:s3cret", connect=lambda *_: client, breaker=breaker)


def limit(seconds: float, *, gone: bool = False) -> None:
    patience.set_limit(patience.Limit(time.monotonic() + seconds, seconds, lambda: gone))


def error(code: int, message: str = "no") -> Exception:
    found: Exception = milvus.MilvusException(code, message)
    return found


@pytest.mark.parametrize("verb", ["read", "write"])
def test_a_call_is_handed_on_with_a_time(verb: str) -> None:
    client = Client([{"id": 1}])
    assert getattr(over(client), verb)("query", "heads", filter="a", timeout=7.0) == [{"id": 1}]
    assert client.asked == [("query", ("heads",), {"filter": "a", "timeout": pytest.approx(7.0, abs=0.1)})]


@pytest.mark.parametrize("verb", ["read", "write"])
@pytest.mark.parametrize("failure", [Away(), error(1), error(8), error(65535)], ids=repr)
def test_what_may_pass_is_tried_three_times(verb: str, failure: Exception, pauses: list[float]) -> None:
    client = Client(failure, failure)
    assert getattr(over(client), verb)("query") == "ok"
    assert len(client.asked) == 3
    assert 0.05 <= pauses[0] <= 0.15
    assert 0.1 <= pauses[1] <= 0.3
    client.answers = [failure] * 3
    with pytest.raises(EngineError, match=r"db\.example:19530"):
        getattr(over(client), verb)("query")
    assert not client.answers


@pytest.mark.parametrize(
    ("failure", "raised"),
    [(error(100), IndexMissingError), (error(1100), EngineRefusedError), (error(1400), EngineRefusedError)],
    ids=repr,
)
def test_what_does_not_pass_is_not_tried_again(failure: Exception, raised: type[Exception]) -> None:
    client = Client(failure)
    with pytest.raises(raised):
        over(client).read("query")
    assert len(client.asked) == 1


def test_a_defect_of_ours_is_raised_as_it_is() -> None:
    client = Client(TypeError("search() got an unexpected keyword"))
    with pytest.raises(TypeError, match="unexpected keyword"):
        over(client).read("query")
    assert len(client.asked) == 1


def test_a_call_has_less_time_than_its_request() -> None:
    client = Client(Away(), Away())
    limit(2.0)
    over(client).read("query", timeout=60)
    assert all(0.5 < timeout < 1.0 for timeout in client.timeouts)


def test_a_request_without_time_is_told_so_and_asks_nobody() -> None:
    client = Client()
    limit(-1.0)
    with pytest.raises(TimedOutError):
        over(client).read("query")
    limit(60, gone=True)
    with pytest.raises(GoneError):
        over(client).read("query")
    assert not client.asked


def test_no_try_is_begun_that_leaves_no_time_to_tell() -> None:
    client = Client(Away(), Away())
    limit(0.1)
    with pytest.raises(EngineError):
        over(client).read("query")
    assert len(client.asked) == 1


def test_an_engine_that_is_away_is_left_alone_and_found_again() -> None:
    now = [0.0]
    client = Client(*[Away()] * 6)
    engine = over(client, lambda: Breaker(most=5, rest=5.0, clock=lambda: now[0]))
    for _ in range(4):
        with pytest.raises(EngineError):
            engine.read("query")
    assert len(client.asked) == 5
    with pytest.raises(EngineError, match=r"did not answer of late. It is asked again in 5 s"):
        engine.read("query")
    now[0] = 5.0
    with pytest.raises(EngineError):
        engine.read("query")
    assert len(client.asked) == 6
    now[0] = 10.0
    assert engine.read("query") == engine.read("query") == "ok"


@pytest.mark.parametrize("failure", [error(65535), error(1100), error(8)], ids=repr)
def test_an_engine_that_answers_no_is_not_away(failure: Exception) -> None:
    client = Client(*[failure] * 20)
    engine = over(client)
    for _ in range(5):
        with pytest.raises((EngineError, EngineRefusedError)):
            engine.read("query")
    client.answers = []
    assert engine.read("query") == "ok"


@pytest.mark.parametrize(
    ("told", "version", "lite", "bm25"),
    [
        ("v2.3.5-lite", (2, 3), False, False),
        ("milvus_lite-3.2.2", (3, 2), True, True),
        ("v2.4.17", (2, 4), False, False),
        ("2.5.0", (2, 5), False, True),
        ("v2.6.4-gpu", (2, 6), False, True),
        ("v3.0.1", (3, 0), False, True),
        ("v2.10.0", (2, 10), False, True),
        ("master-20261101-0a1b", (0, 0), False, False),
        ("", (0, 0), False, False),
    ],
)
def test_the_version_is_asked_once_and_tells_what_it_can(told: str, version: tuple[int, int], lite: bool, bm25: bool) -> None:
    client = Client(told)
    engine = over(client)
    assert (engine.version, engine.lite, engine.has_bm25) == (version, lite, bm25) if told else engine.version == version
    assert not told or len(client.asked) == 1


def test_a_ping_is_believed_for_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("v2", Away())
    engine = over(client)
    for _ in range(3):
        engine.ping()
    assert len(client.asked) == 1
    monkeypatch.setattr(engines, "PING_KEPT_S", 0.0)
    with pytest.raises(EngineError):
        engine.ping()
    monkeypatch.setattr(engines, "PING_KEPT_S", 60.0)
    with pytest.raises(EngineError):
        engine.ping()
    assert len(client.asked) == 2


def test_a_ping_asks_while_others_may_not_and_lets_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PING_KEPT_S", 0.0)
    client = Client(*[Away()] * 5)
    engine = over(client)
    for _ in range(3):
        with pytest.raises(EngineError):
            engine.read("query")
    with pytest.raises(EngineError, match="did not answer of late"):
        engine.read("query")
    engine.ping()
    assert engine.read("query") == "ok"


def test_all_threads_share_one_connection_and_one_refusal() -> None:
    made: list[float] = []
    begun = threading.Event()

    def connect(address: Address, token: str, seconds: float) -> Client:
        assert (address, token) == (ADDRESS, "root:s3cret")
        made.append(seconds)
        begun.wait(10)
        if len(made) == 1:
            raise Away
        return Client()

    engine = Engine(ADDRESS, "root:s3cret", connect=connect, breaker=lambda: Breaker(most=100))
    told: list[object] = []

    def ask() -> None:
        try:
            told.append(engine._try("query", (), {}, 30.0))
        except EngineError as failure:
            told.append(type(failure))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    while not made:
        pass
    threading.Event().wait(0.2)
    begun.set()
    for thread in threads:
        thread.join()
    assert told.count(EngineError) == 8 - told.count("ok")
    assert len(made) <= 2
    assert engine.read("query") == "ok"


def test_who_closes_it_has_another_connection_made() -> None:
    client = Client()
    engine = over(client)
    engine.close()
    assert engine.read("query") == "ok"
    engine.close()
    assert client.closed == 1


def test_a_forked_process_connects_anew_whatever_was_held() -> None:
    engine = over(Client())
    engine.read("query")
    before = engine._connection
    engine._pinging.acquire()
    child = os.fork()
    if not child:
        fresh = engine._connection is not before and engine._connection.made is None and not engine._pinging.locked()
        os._exit(0 if fresh and engine.read("query") == "ok" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert engine._connection is before


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()


def at(port: int, token: str = "") -> Engine:
    return Engine(Address("127.0.0.1", port, "x"), token, breaker=lambda: Breaker(most=100))


@pytest.mark.usefixtures("real")
def test_the_real_client_is_refused_within_its_time() -> None:
    limit(5.0)
    with pytest.raises(EngineError, match="does not answer"):
        at(closed_port()).read("get_server_version")
    patience.check()


@pytest.mark.usefixtures("real")
def test_the_real_client_does_not_wait_for_who_says_nothing() -> None:
    with silent() as port:
        limit(4.0)
        with pytest.raises(EngineError, match="does not answer"):
            at(port).read("get_server_version")
        patience.check()


@pytest.mark.usefixtures("real")
def test_the_real_client_gives_up_in_time_where_an_engine_hangs_and_finds_it_again() -> None:
    with stub() as found:
        engine = at(found.port)
        assert engine.version == (2, 6)
        found.hangs.set()
        limit(4.0)
        with pytest.raises(EngineError, match="does not answer"):
            engine.read("get_server_version")
        patience.check()
        found.hangs.clear()
        patience.set_limit(None)
        assert engine.read("get_server_version") == "v2.6.4"


@pytest.mark.usefixtures("real")
def test_the_real_client_is_told_when_an_engine_died_and_finds_it_again() -> None:
    with stub() as found:
        engine = at(found.port)
        engine.ping()
        found.stop()
        assert isinstance(failing(engine), EngineError)
        found.start()
        deadline = time.monotonic() + 30
        while failing(engine) is not None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert engine.read("get_server_version") == "v2.6.4"


def failing(engine: Engine) -> EngineError | None:
    try:
        engine.read("get_server_version")
    except EngineError as failure:
        return failure
    return None


@pytest.mark.usefixtures("real")
def test_the_real_client_tells_a_wrong_password_from_an_engine_that_is_away() -> None:
    with stub(password="s3cret-word") as found:
        assert at(found.port, "root:s3cret-word").version == (2, 6)
        with pytest.raises(EngineRefusedError, match="setting store_token") as caught:
            at(found.port, "root:wr0ng-word").read("get_server_version")
        assert "wr0ng-word" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.usefixtures("real")
def test_the_real_client_leaves_trying_again_to_us() -> None:
    with stub() as found:
        engine = at(found.port)
        engine.ping()
    # Were it not so, it would go on until the time is up, which is when the test is ended.
    with pytest.raises(EngineError, match="does not answer"):
        engine.read("get_server_version", timeout=3_600.0)
