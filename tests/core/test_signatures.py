"""Error signatures in texts: those of real systems are found however they are written, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.signatures import Signature, printed, signatures_in


def found(text: str) -> set[str]:
    return {signature.text for signature in signatures_in(text)}


@pytest.mark.parametrize(
    ("text", "signatures"),
    [
        ("ERROR: deadlock detected (SQLSTATE 40P01)", {"SQLSTATE 40P01"}),
        ("pq: SQLSTATE[08006] [7] could not connect", {"SQLSTATE 08006"}),
        ("psycopg2.errors.DeadlockDetected pgcode=40P01", {"SQLSTATE 40P01"}),
        ("ERROR 1213 (40001): Deadlock found when trying to get lock", {"SQLSTATE 40001", "MySQL 1213"}),
        ("ORA-00060: deadlock detected while waiting for resource", {"ORA-00060"}),
        ("ora-01555 snapshot too old, then TNS-12541", {"ORA-01555", "TNS-12541"}),
        ("write /var/lib/pgsql: ENOSPC: no space left on device", {"ENOSPC"}),
        ("connect ECONNREFUSED 10.4.2.17:5432", {"ECONNREFUSED"}),
        ("getaddrinfo EAI_AGAIN session-store", {"EAI_AGAIN"}),
        ("getaddrinfo ENOTFOUND api.paylane.example", {"ENOTFOUND"}),
        (
            "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out",
            {"SQLTransientConnectionException", "HikariPool"},
        ),
        ("sqlalchemy.exc.TimeoutError: QueuePool limit of size 40 overflow 10 reached", {"TimeoutError", "QueuePool"}),
        ("Exception in thread main java.lang.OutOfMemoryError: Java heap space", {"OutOfMemoryError"}),
        ("requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='x', port=443)", {"ReadTimeout"}),
        ('"GET /basket HTTP/1.1" 502 0 "-"', {"HTTP 502"}),
        ("HTTP/2 504 after 15000 ms", {"HTTP 504"}),
        ("http_status=503 upstream=checkout-api", {"HTTP 503"}),
        ("status: 429, retry-after: 30", {"HTTP 429"}),
        ("statusCode: 500", {"HTTP 500"}),
        ("response_code=503 flags=UF", {"HTTP 503"}),
        ("upstream answered 503 Service Unavailable", {"HTTP 503"}),
        ("502 Bad Gateway from the edge", {"HTTP 502"}),
        ("429 Too Many Requests", {"HTTP 429"}),
        ("checkout returned 500 for one in four buyers", {"HTTP 500"}),
        ("the api returns a 404", {"HTTP 404"}),
        ("lots of 503s since ten", {"HTTP 503"}),
        ("rpc error: code = Unavailable desc = connection closed", {"gRPC UNAVAILABLE"}),
        ("rpc error: code = DeadlineExceeded desc = context deadline exceeded", {"gRPC DEADLINE_EXCEEDED"}),
        ("StatusCode.RESOURCE_EXHAUSTED", {"gRPC RESOURCE_EXHAUSTED"}),
        ("14 UNAVAILABLE: read ECONNRESET", {"gRPC UNAVAILABLE", "ECONNRESET"}),
        ("io.grpc.StatusRuntimeException: UNAVAILABLE: io exception", {"gRPC UNAVAILABLE", "StatusRuntimeException"}),
        ("grpc-status: INTERNAL", {"gRPC INTERNAL"}),
        ("call failed with DEADLINE_EXCEEDED", {"gRPC DEADLINE_EXCEEDED"}),
        ("[FIRING] KubePodCrashLooping lastState=OOMKilled exitCode=137", {"exit code 137"}),
        ("Last State: Terminated  Reason: Error  Exit Code:    143", {"exit code 143"}),
        ("process exited with code 139 (SIGSEGV)", {"exit code 139", "SIGSEGV"}),
        ('"exitCode": 134', {"exit code 134"}),
        ("exit status 255", {"exit code 255"}),
        ("worker got SIGKILL", {"SIGKILL"}),
        ("tls: x509: certificate has expired or is not yet valid: current time 2024-02-11", {"x509: certificate has expired"}),
        ("X509: Certificate signed by unknown authority", {"x509: certificate signed by unknown authority"}),
        ("kafka: NOT_ENOUGH_REPLICAS_AFTER_APPEND", {"NOT_ENOUGH_REPLICAS_AFTER_APPEND"}),
        ("SSL_ERROR_RX_RECORD_TOO_LONG then ERR_SSL_PROTOCOL_ERROR", {"SSL_ERROR_RX_RECORD_TOO_LONG", "ERR_SSL_PROTOCOL_ERROR"}),
    ],
)  # fmt: skip
def test_what_systems_print_is_found(text: str, signatures: set[str]) -> None:
    assert found(text) == signatures


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-03-14 18:02:11.503 UTC",
        "version 5.0.3, build 502, release 2024.10.429",
        "503 orders were lost and 404 people called",
        "returned 500 rows",
        "we got 404 tickets back",
        "it took 500s, then 429 ms",
        "port 502 on 10.5.0.4",
        "eu-west-1, mb-eu1, node-429",
        "checkout-api-7d9f8b6c5d-x2k4p",
        "Everyone Expected EVERY EMAIL to END EARLY",
        "Error, Exception and Timeout: plain words",
        "ERROR WARN INFO FATAL",
        "exit code 0, exit code 1, exit status 2",
        "We exited the code freeze at 12",
        "MAX_CONNECTIONS=40 DB_HOST=orders-db PGDATA",
        "UNAVAILABLE, INTERNAL and UNKNOWN are words in capitals",
        "an internal error, code unknown",
        "ORA is a name, ORA-12 is none",
        "the certificate is new",
        "SQLSTATE error",
        "SQLSTATE[HY000]: General error",
        "HTTP 5xx rate 12 %, 4xx as ever",
        "The pool is full; a Pool, the Carpool",
        "status 200, status: 301",
        "http://example.test:8080/a?b=503",
        "uuid 4f5e0503-1111-4444-8503-429502503504",
        "SIGN and SIGNAL, a DESIGN",
        "P1 incident 502 of this year",
        "status page: 12 of 404 subscribers",
    ],
)
def test_what_only_looks_like_a_signature_is_left(text: str) -> None:
    assert found(text) == set()


def test_families_narrow_the_search() -> None:
    text = "HTTP 503, ENOSPC and exit code 137"
    assert signatures_in(text, {"errno"}) == (Signature("errno", "ENOSPC"),)
    assert signatures_in(text, ()) == ()


_CODES = ["HTTP 503", "HTTP 429", "SQLSTATE 40P01", "ORA-00060", "ENOSPC", "ETIMEDOUT", "exit code 137", "SIGKILL"]


@given(st.lists(st.sampled_from(_CODES), max_size=5), st.text(st.characters(codec="utf-8"), max_size=20))
def test_codes_are_found_between_other_text(codes: list[str], between: str) -> None:
    text = f"\n{between.replace(chr(34), ' ')}\n".join(codes)
    assert set(codes) <= found(text)
    assert len(signatures_in(text)) == len(set(signatures_in(text)))


@given(st.text(max_size=300))
def test_any_text_is_read_and_every_signature_stands_in_it(text: str) -> None:
    for signature in signatures_in(text):
        code = signature.text.split()[-1].removeprefix("SIG").lower()
        assert code.replace("_", "") in text.lower().replace("_", "")


@given(st.text(alphabet="aAeErRoOxX_-1450.:= \n", max_size=400))
def test_texts_made_of_the_letters_of_codes_are_read(text: str) -> None:
    assert all(isinstance(signature, Signature) for signature in signatures_in(text))


@pytest.mark.parametrize("piece", ["A", "A_", "a.B", "E", "http ", "exit code ", "exit code: ", "4", "EA_ERR", "aError"])
def test_long_repetitive_texts_are_read_to_their_end(piece: str) -> None:
    assert "ENOSPC" in found(piece * 20_000 + " ENOSPC")


def test_a_known_message_is_quoted_as_the_text_prints_it() -> None:
    assert printed("oomkilled", "reason: OOMKilled") == "OOMKilled"
    assert printed("oomkilled", "xOOMKilled") is None
    assert printed("[disk error]", "x[Disk Error]y") == "[Disk Error]"
    assert printed("", "anything") is None


@given(st.text(max_size=50), st.text(max_size=200))
def test_a_known_message_stands_in_the_text(known: str, text: str) -> None:
    quoted = printed(known, text)
    assert quoted is None or quoted in text
