"""Every page there is, by its address over the tiny corpus: what the tests of looks, access and weight go through."""

from __future__ import annotations

from tests.web.conftest import POOL, POOL_QUERY

ANSWERS = [
    "/",
    f"/?q={POOL_QUERY}",
    "/?q=the+coffee+machine+in+the+kitchen+leaks",
    "/incidents?tag=database",
    "/incidents?service=no-such-service",
    f"/incidents/{POOL}?lines=34-38",
    "/recurrences",
    "/recurrences",
    "/map",
    f"/map?q={POOL_QUERY}",
    "/insights",
    "/map",
    f"/map?q={POOL_QUERY}",
    "/about",
    "/docs",
    "/sign-in",
]
FAILURES = ["/?q=checkout&since=2025-01-01&until=2024-01-01", "/incidents/no-such-incident"]
PATHS = [*ANSWERS, *FAILURES]
