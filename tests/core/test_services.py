"""Services in a text: the corpus's own however they are joined, those of pod names, and never a part of another name."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.model import Incident
from rcasearch.services import NO_SERVICES, ServiceNames, merged, service_names

KNOWN = ServiceNames(("checkout-api", "checkout", "orders_db", "Search", "edge.proxy"), frozenset({"checkout-api", "orders_db"}))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("checkout-api is down", ("checkout-api",)),
        ("Checkout API returns 502", ("checkout-api",)),
        ("since 9:00 checkout_api, then orders-db", ("checkout-api", "orders_db")),
        ("checkout is down", ("checkout",)),
        ("no hits from search", ("Search",)),
        ("edge.proxy.internal:8443 refused", ("edge.proxy",)),
        ("http://checkout-api.shop.svc.cluster.local/cart", ("checkout-api",)),
        ("checkout-api-7d9f8b6c5-x2x9z was killed", ("checkout-api",)),
        ("checkout-api-0 was killed", ("checkout-api",)),
        ("pod/mail-sender-6f5b8d7c44-k7qzx evicted", ("mail-sender",)),
        ("- checkout-api", ("checkout-api",)),
        ("[checkout-api] (orders_db)", ("checkout-api", "orders_db")),
        ("checkout-api-canary is down", ()),
        ("legacy-checkout-api is down", ()),
        ("checkout-apis", ()),
        ("the api of the checkouts", ()),
        ("", ()),
    ],
)
def test_what_a_text_names(text: str, named: tuple[str, ...]) -> None:
    assert KNOWN.named_in(text) == named


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("checkout-api is down", ["checkout-api"]),
        ("Checkout API and search are down", ["Checkout API"]),
        ("checkout-api-7d9f8b6c5-x2x9z was killed", ["checkout-api-7d9f8b6c5-x2x9z"]),
        ("mail-sender-6f5b8d7c44-k7qzx evicted", ["mail-sender-6f5b8d7c44-k7qzx"]),
        ("checkout and search are down", []),
        ("error-code-5 in read-only-mode", []),
    ],
)
def test_what_is_kept_out_of_the_match(text: str, hidden: list[str]) -> None:
    assert [text[start:end] for start, end in KNOWN.spans(text)] == hidden


def test_a_name_is_kept_out_when_it_recurs_and_is_joined() -> None:
    def incidents(*services: str) -> list[Incident]:
        return [
            Incident(f"{service}-{number}", "Outage", f"{number}.md", services=(service,))
            for number, service in enumerate(services)
        ]

    learned = service_names(incidents(*["cart-api"] * 3, *["search"] * 9, *["once-only"] * 2, "Cart API", "Cart API", "Cart API"))
    assert learned.masked == {"cart-api"}
    assert learned.names[0] == "search"
    assert set(learned.names) == {"cart-api", "search", "once-only", "Cart API"}


def test_without_a_corpus_nothing_but_pods_is_known() -> None:
    assert NO_SERVICES.named_in("checkout-api is down") == ()
    assert service_names([]) == NO_SERVICES


@given(st.text(max_size=60), st.sampled_from(KNOWN.names), st.text(max_size=60))
def test_a_name_between_blanks_is_found_in_any_text(before: str, name: str, after: str) -> None:
    text = f"{before}\n{name}\n{after}"
    assert name in KNOWN.named_in(text)
    spans = KNOWN.spans(text)
    assert spans == merged(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda pair: (pair[0], sum(pair)))))
def test_merged_spans_cover_the_same(spans: list[tuple[int, int]]) -> None:
    result = merged(spans)
    assert {i for start, end in result for i in range(start, end)} == {i for start, end in spans for i in range(start, end)}
    assert all(left[1] < right[0] for left, right in pairwise(result))
