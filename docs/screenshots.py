"""Take docs/screens anew: every page over the documents in seeds/, light and dark, on a wide screen and on a phone.

make screenshots, or python -m docs.screenshots [--index FOLDER] [PAGE ...] for an index that is there and for some pages only.
"""

from __future__ import annotations

import argparse
import base64
import io
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from rcasearch.index import build
from rcasearch.query import parse_query
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web.addresses import search_url
from tests.browser.driving import resize, served, start

ROOT = Path(__file__).parent.parent
SCREENS = ROOT / "docs" / "screens"
SIZES = {"wide": (1400, 1050), "phone": (390, 844)}
SCHEMES = ("light", "dark")
# Of some two thousand colours, nearly all shades at the edges of letters. This method leaves none out, and means keep large areas
# as they are.
COLOURS, METHOD, MEANS = 256, Image.Quantize.MAXCOVERAGE, 3

POOL = "2024-03-15-connection-pool-exhaustion-in-checkout-api"
CERTIFICATE = "2024-02-11-edge-gateway-wildcard-certificate-expired"
SYMPTOM = "checkout-api hangs, threads wait 30 s for a database connection, the database itself is idle"
ALERT = (ROOT / "tests/data/payloads/alertmanager-pool-waits.json").read_text(encoding="utf-8")


def asked(text: str) -> str:
    """The address of the answer to a text."""
    settings = Settings()
    return search_url(parse_query({"q": text}, settings), settings) or "/"


PAGES = {
    "home": "/",
    "search": asked(SYMPTOM),
    "none": asked("the coffee machine in the kitchen leaks"),
    "paste": asked(ALERT),
    "incident": f"/incidents/{POOL}",
    "incidents": "/incidents",
    "recurrences": "/recurrences",
    "recurrence": f"/recurrences/{CERTIFICATE}",
    "map": "/map",
    "map-query": asked(SYMPTOM).replace("/?", "/map?", 1),
    "insights": "/insights",
    "about": "/about",
}


def main() -> None:
    """Index, serve, take, and say how large it all is."""
    parser = argparse.ArgumentParser(description="Take the pictures of docs/screens anew.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"which ones: {', '.join(PAGES)}; all if none is named")
    parser.add_argument("--index", help="an index of seeds/ to take them of; without it one is made")
    given = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    SCREENS.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        settings = Settings(index=given.index or f"{folder}/seeds")
        if not given.index:
            build([ROOT / "seeds"], settings)
        searcher = Searcher.open(settings)
        searcher.warm()
        with served(create_app(searcher, settings)) as address:
            take(address, given.pages or list(PAGES), Path(folder) / "profile")
        searcher.close()
    print(f"{sum(path.stat().st_size for path in SCREENS.glob('*.png')) / 1e6:.1f} MB in {SCREENS.relative_to(ROOT)}")


def take(address: str, pages: list[str], profile: Path) -> None:
    """Write a picture of each page in each size and scheme."""
    browser = start(profile)
    browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    # No page is to know of the one before it.
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": "sessionStorage.clear()"})
    try:
        for page in pages:
            for scheme in SCHEMES:
                for size, (width, height) in SIZES.items():
                    resize(browser, width, scheme, height=height)
                    visit(browser, address + PAGES[page])
                    (SCREENS / f"{page}-{scheme}-{size}.png").write_bytes(picture(browser))
    finally:
        browser.quit()


def visit(browser: Any, address: str) -> None:
    """Open a page. Raises RuntimeError where there is none."""
    browser.get(address)
    status = browser.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus")
    if status != 200:
        raise RuntimeError(f"{address} answers {status}: there is no picture of it to take.")


def picture(browser: Any) -> bytes:
    """What the window shows once it is drawn, as a PNG of few colours."""
    browser.execute_script("document.activeElement.blur()")  # no blinking cursor
    browser.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => setTimeout(done, 300))")
    taken = base64.b64decode(browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])
    few = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS, METHOD, MEANS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    main()
