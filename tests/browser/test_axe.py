"""axe-core finds nothing wrong with any page by the rules of WCAG 2.2 A and AA, light or dark, wide or narrow."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

from tests.browser.driving import in_a_browser, resize
from tests.browser.pages import PATHS

pytestmark = in_a_browser

# Only the script of that package is used: it is put into the page by the driver, which our policy does not concern.
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
OPTIONS = {"resultTypes": ["violations"], "preload": False}
LEVELS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
}
# All that another width and other colours can change.
DRAWN = {"runOnly": {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]}}
RUN = "axe.run(document, arguments[0]).then(arguments[1], (error) => arguments[1]({error: String(error)}))"


def violations(browser: Any, rules: dict[str, Any] = LEVELS) -> list[str]:
    """What axe finds in the page as it stands: the rule and the first words of each element that breaks it."""
    if browser.execute_script("return typeof axe === 'undefined'"):
        browser.execute_script(AXE)
    found = browser.execute_async_script(RUN, OPTIONS | rules)
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_no_violation(browser: Any, site: str, path: str) -> None:
    browser.get(site + path)
    # Of the API's operations, which are all alike, one of each kind is enough.
    browser.execute_script(
        "document.querySelectorAll('details:not(.pick, .operation ~ .operation)').forEach((d) => (d.open = true))"
    )
    try:
        for width, scheme, rules in ((1400, "light", LEVELS), (390, "dark", DRAWN)):
            resize(browser, width, scheme)
            assert violations(browser, rules) == [], (width, scheme)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_axe_would_find_one(browser: Any, site: str) -> None:
    browser.get(f"{site}/about")
    browser.execute_script("document.querySelector('main h1').style.color = 'var(--rule)'; document.body.append(new Image())")
    rules = {found.split(":")[0] for found in violations(browser)}
    assert rules == {"color-contrast", "image-alt"}
