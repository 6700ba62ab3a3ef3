"""The charts of the insights page in Chromium: drawn, in the colours of the page, and tables all the same."""

from __future__ import annotations

from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driving import in_a_browser, one, resize, wait

pytestmark = in_a_browser

CHARTS = ["incidents-by-month", "minutes-by-month", "time-to-mitigate", "by-service", "by-severity"]
INKED = """const canvas = document.querySelector(`#${arguments[0]} canvas`);
const copy = document.createElement('canvas');
[copy.width, copy.height] = [canvas.width, canvas.height];
const pen = copy.getContext('2d', {willReadFrequently: true});
pen.drawImage(canvas, 0, 0);
const found = new Map();
const {data} = pen.getImageData(0, 0, copy.width, copy.height);
for (let k = 0; k < data.length; k += 4)
  if (data[k + 3] > 250) { const key = data.slice(k, k + 3).join(); found.set(key, (found.get(key) || 0) + 1); }
return [...found].sort((a, b) => b[1] - a[1]).slice(0, 12);"""
TOKEN = """const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim();
pen.fillRect(0, 0, 1, 1);
return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).join();"""


def inked(browser: Any, chart: str) -> dict[str, int]:
    """The colours of a chart and how many pixels have each, the most frequent ones."""
    return {str(colour): int(count) for colour, count in browser.execute_script(INKED, chart)}


def test_every_chart_is_drawn_in_the_colours_of_severities(browser: Any, site: str) -> None:
    browser.get(f"{site}/insights")
    wait(browser, ".chart.is-drawn")
    for chart in CHARTS:
        assert sum(inked(browser, chart).values()) > 200, chart
    worst = browser.execute_script(TOKEN, "--sev1")
    assert all(worst in inked(browser, chart) for chart in ("incidents-by-month", "by-service", "by-severity"))


def test_the_charts_are_drawn_anew_when_the_scheme_changes_and_are_light_on_paper(browser: Any, site: str) -> None:
    try:
        resize(browser, 1200, "light")
        browser.get(f"{site}/insights")
        wait(browser, ".chart.is-drawn")
        light = browser.execute_script(TOKEN, "--sev1")
        resize(browser, 1200, "dark")
        dark = browser.execute_script(TOKEN, "--sev1")
        assert light != dark
        WebDriverWait(browser, 10).until(lambda driver: dark in inked(driver, "by-severity"))
        assert light not in inked(browser, "by-severity")
        browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        assert light in inked(browser, "by-severity")
        browser.execute_script("dispatchEvent(new Event('afterprint'))")
        assert dark in inked(browser, "by-severity")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_figures_unfold_below_each_chart(browser: Any, site: str) -> None:
    browser.get(f"{site}/insights")
    wait(browser, ".chart.is-drawn")
    assert not one(browser, "#by-service table").is_displayed()
    one(browser, "#by-service summary").send_keys(Keys.ENTER)
    assert one(browser, "#by-service table").is_displayed()
    link = one(browser, "#by-service tbody a")
    service = link.text
    link.send_keys(Keys.ENTER)
    wait(browser, ".rows")
    assert f"service={service}" in browser.current_url


def test_a_bar_leads_to_its_incidents(browser: Any, site: str) -> None:
    browser.get(f"{site}/insights")
    wait(browser, ".chart.is-drawn")
    browser.execute_script(
        """const chart = window.Chart.getChart(document.querySelector('#by-service canvas'));
        const bar = chart.getDatasetMeta(0).data[0], box = chart.canvas.getBoundingClientRect();
        chart.canvas.dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: box.left + (bar.base + bar.x) / 2,
                                                           clientY: box.top + bar.y}));"""
    )
    wait(browser, ".rows")
    assert "/incidents?service=" in browser.current_url


def test_without_javascript_the_tables_stand_open(plain_browser: Any, site: str) -> None:
    plain_browser.get(f"{site}/insights")
    tables = plain_browser.find_elements(By.CSS_SELECTOR, ".chart table")
    assert len(tables) >= len(CHARTS)
    assert all(table.is_displayed() for table in tables)
    assert not any(plot.is_displayed() for plot in plain_browser.find_elements(By.CSS_SELECTOR, ".plot"))


def test_nothing_overflows_on_a_small_screen(browser: Any, site: str) -> None:
    try:
        resize(browser, 320, "light")
        browser.get(f"{site}/insights")
        wait(browser, ".chart.is-drawn")
        browser.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
