"""The policy is enforced, and a violation of it cannot pass unseen: the browser of these tests tells of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import render_template_string
from selenium.webdriver.support.ui import WebDriverWait

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.browser.driving import console, in_a_browser, one, served

pytestmark = in_a_browser

# What somebody might get into a page if everything else had failed.
INJECTED = """{% extends "base.html" %}{% block main %}<h1 style="color: red">Untouched</h1>
<script>document.querySelector("h1").textContent = "Run by a script"</script>
<img src="/static/none.png" onerror="document.querySelector('h1').textContent = 'Run by a handler'">
<link rel="stylesheet" href="https://elsewhere.example/x.css">{% endblock %}"""
LISTEN = """window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective))"""


@pytest.fixture(scope="module")
def injected(tiny_searcher: Searcher, tiny_index: Path) -> Iterator[str]:
    """The address of a page into which somebody brought markup of his own."""
    app = create_app(tiny_searcher, Settings(index=str(tiny_index)))
    app.add_url_rule("/injected", view_func=lambda: render_template_string(INJECTED))
    with served(app) as address:
        yield f"{address}/injected"


def test_what_was_injected_does_not_run_and_is_told(shared_browser: Any, injected: str) -> None:
    script = shared_browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LISTEN})
    try:
        shared_browser.get(injected)
        expected = {"script-src-elem", "script-src-attr", "style-src-attr", "style-src-elem"}
        WebDriverWait(shared_browser, 10).until(lambda browser: set(browser.execute_script("return violations")) == expected)
        assert one(shared_browser, "h1").text == "Untouched"
        assert one(shared_browser, "h1").value_of_css_property("color") != "rgba(255, 0, 0, 1)"
    finally:
        shared_browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    # This is what the fixture `browser` holds to be empty.
    assert sum("Content Security Policy" in told for told in console(shared_browser)) >= len(expected)
