"""What looks like a credential is found, and nothing else; where it stood, nothing of it is left."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch import credentials
from rcasearch.credentials import find, masked
from rcasearch.model import Document, Problem
from rcasearch.readers.document import document_of
from tests.conftest import DATA, PROJECT
from tests.planted import Planted, planted

PLANTED = planted()
# Said of credentials, or looking a little like some, and none.
HARMLESS = (
    'secretName: "edge-tls-2024"',
    "password: changeme1",
    "DB_PASSWORD=${DB_PASSWORD_2024}",
    "postgres://app:password@db/orders and https://user:<password>@host",
    "password=********1a",
    "The password: it had been rotated at 10:42, said the on-call.",
    "max_tokens=4096abc, partition_key=order17x, routing key: eu1-blue",
    "login fail reason=bad_password ua=4.2.1",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8, digest sha256:" + "ab12" * 16,
    "id 8f14e45f-ceea-467f-9d5b-2c1b0b8a7a11, trace 4bf92f3577b34da6a3ce929d0e0e4736",
    "http://10.0.0.1:8080/a@b and git@github.com:org/repo.git",
    "vault kv get secret/checkout/db1; kubectl get secret checkout-db-v2",
    "docker run -u 1000:1000 image; chown app:staff1 /data",
    "eyJ is how every JWT begins; the private key was rotated",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEbJ\n-----END CERTIFICATE-----",
    "authorization: bearer tokens expired; x-request-id: 7k2j3h4g5f6d7s8a",
)


@pytest.mark.parametrize("form", PLANTED, ids=lambda form: form.name)
def test_each_form_is_found_and_nothing_of_it_is_left(form: Planted) -> None:
    text = f"before\n{form.text}\nafter, still there"
    found = find(text)
    hidden = masked(text, found)
    assert found
    assert found[0].line == 2
    assert all(secret[at : at + 8] not in hidden for secret in form.secrets for at in range(len(secret) - 8))
    assert hidden.startswith("before\n")
    assert hidden.endswith("\nafter, still there")
    assert hidden.count("\n") == text.count("\n")
    assert not find(hidden)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert find(text) == []


def test_no_document_of_the_examples_has_any() -> None:
    files = [*PROJECT.joinpath("seeds").glob("*.md"), *DATA.rglob("*.md"), *DATA.rglob("*.json"), *DATA.rglob("*.txt")]
    assert len(files) > 100
    assert [file.name for file in files if find(file.read_text("utf-8", "replace"))] == []


def test_a_line_that_says_so_is_left_alone() -> None:
    form = PLANTED[0]
    text = f"{form.text} <!-- {credentials.ALLOWED} -->\n{form.text}"
    assert [one.line for one in find(text)] == [2]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(PLANTED).map(lambda form: form.text),
            st.text(max_size=30),
            st.sampled_from(["İ", "\r", "\\_", "\u2028", '"', "password=", "://"]),
        ),
        max_size=8,
    )
)
def test_whatever_stands_around_it(parts: list[str]) -> None:
    text = "\n".join(parts)
    found = find(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(one.line == text.count("\n", 0, one.start) + 1 for one in found)
    hidden = masked(text, found)
    assert hidden.count("\n") == text.count("\n")
    told = "\n".join(f"{problem.message}{problem.hint}" for problem in credentials.problems("a.md", found, hidden=True))
    for form in PLANTED:
        if form.text in parts and form.name != "escaped":
            assert all(secret not in told for secret in form.secrets)
            assert all(secret not in hidden for secret in form.secrets)


HOSTILE = (
    *(
        "eyJ",
        "eyJa-",
        "://",
        "://a:",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n" + "a" * 16 + "\n",
        "password",
    ),
    *(
        "password=",
        "password: ",
        "api_key='",
        "key:   ",
        "curl ",
        "curl -u a:",
        "authorization:bearer ",
        "x-",
        "x-key",
        "xoxb-1-",
    ),
    *("sk-", "sk-proj-", "github_pat_", "hvs.", "glpat-", "glagent-", "AKIA", "aws key ", "aws'", "softlayer key ", "\\_", "a."),
    *(
        "cloudant_api_key ",
        "iam key ",
        "secret_access_key ",
        "pypi-AgEIcHlwaS5vcmc",
        "AC",
        "123456789:AA",
        "AccountKey=",
        "İ://:",
    ),
)


@pytest.mark.parametrize("part", HOSTILE)
def test_twice_as_much_of_a_hostile_text_takes_about_twice_as_long(part: str) -> None:
    def cost(length: int) -> float:
        text = (part * (length // len(part) + 1))[:length]
        found = []
        # The least of some: what others left behind may be cleared away meanwhile.
        for _ in range(3):
            started = time.process_time()
            find(text)
            found.append(time.process_time() - started)
        return min(found)

    # In CPU time, and far from both: squares would make it sixty-four times.
    assert cost(64_000) < 30 * max(cost(8_000), 0.002)


def test_a_document_is_masked_before_anything_is_made_of_it() -> None:
    form = PLANTED[3]
    text = f"---\ntitle: Leak of {form.secrets[0]}\ndate: {form.secrets[0]}\n---\n\n## Summary\n\nIt was {form.secrets[0]}.\n"
    read = document_of(text.encode(), "leak.md", 10_000)
    assert isinstance(read, Document)
    assert form.secrets[0] not in repr(read)
    assert [problem.line for problem in read.problems if problem.message.startswith(credentials.WARNING)] == [2, 3, 8]
    assert read.source.count("\n") == text.count("\n")


def test_what_is_masked_takes_no_label_from_a_document() -> None:
    front = "---\ntitle: -----BEGIN PRIVATE KEY-----\naccess: security\n---\n"
    text = f"{front}\n## Summary\n\nText.\n\n-----END PRIVATE KEY-----\n\nMore.\n"
    read = document_of(text.encode(), "leak.md", 10_000)
    assert not isinstance(read, Document) or read.incident.access == ("security",)


def test_a_warning_does_not_repeat_what_it_warns_of() -> None:
    form = PLANTED[3]
    text = f"---\ndate: {form.secrets[0]}\n---\n\n## Summary\n\nIt was {form.secrets[0]}.\n"
    read = document_of(text.encode(), "leak.md", 10_000, mask=False)
    assert isinstance(read, Document)
    assert form.secrets[0] in read.source
    assert len(read.problems) == 3
    assert form.secrets[0] not in repr(read.problems)


def test_a_file_that_is_no_document_is_told_without_it() -> None:
    secret = PLANTED[3].secrets[0]
    read = document_of(f"---\ntitle: {{a: {secret}\n---\n".encode(), "x.md", 10_000)
    assert secret not in repr(read)
    assert isinstance(read, Document | Problem)


def test_of_many_not_all_are_told() -> None:
    found = find("\n".join(form.text for form in PLANTED))
    told = list(credentials.problems("a.md", found, hidden=False))
    assert len(told) == 21
    assert told[-1].message.startswith(f"{len(found) - 20} more")
