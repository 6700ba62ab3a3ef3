"""Failures that happened again, made up: what the tests of every surface show."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from rcasearch.model import ActionItem, Answer, Fix, Incident, Recurrence

if TYPE_CHECKING:
    from rcasearch.search import Searcher

TODAY = date(2026, 11, 23)


def incident(name: str, day: str | None = None, **told: Any) -> Incident:
    return Incident(name, told.pop("title", f"Outage {name}"), f"{name}.md", date=day, **told)


def fix(text: str, *steps: str) -> Answer:
    return Answer(text, "resolution", "Resolution", 9, steps)


LEAK = Recurrence(
    "pool/2024",
    "connections leak from the pool",
    ("connection", "pool", "leak"),
    (
        incident(
            "pool/2024",
            "2024-03-14",
            title="2024-03-14 - Checkout ran out of connections",
            severity="sev-1",
            level="SEV1",
            services=("checkout", "orders-db"),
            duration_minutes=45,
            root_cause=Answer("An exporter never gave its connection back.", "root_cause", "Root cause", 5),
            resolution=fix("", "Rolled checkout back.", "Restarted\nthe workers"),
            action_items=(
                ActionItem("Alert on pool waits", 30, owner="Ada", due="2024-05-01"),
                ActionItem("Write it down", 31, done=True),
            ),
        ),
        incident(
            "leak",
            "2025-09-18",
            title="Basket starved of sessions",
            severity="P2",
            level="SEV2",
            services=("basket",),
            duration_minutes=120,
            resolution=fix("The pool was raised to 200 connections.\nIt helped for a while, " + "and then it did not, " * 12),
            action_items=(
                ActionItem("Close connections in a finally", 30, due="2027-01-01"),
                ActionItem("Review the pool sizes", 31),
            ),
        ),
        incident("again", "2026-09-01", title="Checkout waits <again>", services=("checkout",)),
    ),
    (Fix("pool/2024", False, 553), Fix("leak", True, 348)),
    (("pool/2024", "leak"),),
)
QUOTA = Recurrence(
    "quota-1",
    "quota exhausted while scaling",
    ("quota",),
    (
        incident("quota-1", "2023-02-01", severity="P3", level="SEV3", services=("scaler",), duration_minutes=600),
        incident("quota-2", None, services=("scaler",)),
    ),
    (Fix("quota-1", None),),
)

# Incidents of the tiny corpus.
POOL = "2024-03-14-checkout-connection-pool-exhausted"
DISK = "2024-11-02-search-data-disk-full"
CERTIFICATE = "2025-01-20-gateway-certificate-expired"
BASKET = "2025-09-18-basket-connection-leak"
PAYMENT = "2026-04-05-payment-partner-timeouts"


def tiny_recurrences(searcher: Searcher) -> tuple[Recurrence, Recurrence]:
    """Two failures as if the tiny corpus told of them: connections that ran out three times, and neglect, twice."""
    found = {name: searcher.incident(name) for name in (POOL, BASKET, PAYMENT, DISK, CERTIFICATE)}
    fixes = (Fix(POOL, False, 553), Fix(BASKET, True, 199))
    return (
        Recurrence(
            POOL,
            "connections & sessions run out",
            ("connection", "pool"),
            (found[POOL], found[BASKET], found[PAYMENT]),
            fixes,
            ((POOL, BASKET),),
        ),
        Recurrence(DISK, "nobody <looked> in time", (), (found[DISK], found[CERTIFICATE]), (Fix(DISK, None),)),
    )
