"""How every page looks and reads: no overflow, legible in light and dark, named fields, nothing from elsewhere."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from tests.browser.driving import in_a_browser, resize
from tests.browser.pages import PATHS
from tests.web.conftest import POOL_QUERY

pytestmark = in_a_browser

# Every text in the page whose contrast with what lies behind it is under WCAG's AA.
FAINT = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data]; };
const linear = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = (rgb) => { const [x, y, z] = rgb.map(linear);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
const behind = (element) => { for (let e = element; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
  if (c[3] > 250) return c; } return [255, 255, 255]; };
const faint = [];
for (const element of document.querySelectorAll('body *')) {
  const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join('');
  if (!text || !element.checkVisibility() || element.closest('.vh, .skip, svg')) continue;
  const style = getComputedStyle(element), [a, b] = [light(rgba(style.color)), light(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${element.className || element.tagName}: ${text.slice(0, 40)}`);
}
return faint;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 900, 1600, 3840])
def test_nothing_overflows_and_everything_is_legible(browser: Any, site: str, width: int, scheme: str) -> None:
    resize(browser, width, scheme)
    try:
        for path in PATHS:
            browser.get(site + path)
            browser.execute_script("document.querySelectorAll('details:not(.pick)').forEach((d) => (d.open = true))")
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, path
            assert browser.execute_script(FAINT) == [], path
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_field_has_a_name_and_every_landmark_is_there(browser: Any, site: str) -> None:
    nameless = """return [...document.querySelectorAll('a, button, input, textarea, select, summary')].filter((e) => {
      const label = e.labels && e.labels[0] ? e.labels[0].textContent : '';
      return !(label + e.textContent + (e.getAttribute('aria-label') || '')).trim(); }).map((e) => e.outerHTML)"""
    order = "return [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
    for path in PATHS:
        browser.get(site + path)
        assert browser.execute_script(nameless) == [], path
        assert len(browser.find_elements(By.CSS_SELECTOR, "main, header.top, nav[aria-label='Main'], footer.foot")) == 4
        levels = browser.execute_script(order)
        assert levels.count(1) == 1, path
        assert all(after - before <= 1 for before, after in pairwise(levels)), (path, levels)
        identifiers = browser.execute_script("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
        assert len(identifiers) == len(set(identifiers)), path


def test_the_page_asks_for_nothing_from_elsewhere(browser: Any, site: str) -> None:
    browser.get(f"{site}/?q={POOL_QUERY}")
    names = browser.execute_script("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert names
    assert all(name.startswith(site + "/static/") for name in names)
