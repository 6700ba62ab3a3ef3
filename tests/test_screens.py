"""The pictures in docs/: one of every page in each size and scheme, light enough to come along; those shown exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from docs.screenshots import PAGES, SCHEMES, SCREENS, SIZES

ROOT = Path(__file__).parent.parent
NAMES = [f"{page}-{scheme}-{size}" for page in PAGES for scheme in SCHEMES for size in SIZES]


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_picture(name: str) -> None:
    with Image.open(SCREENS / f"{name}.png") as picture:
        assert picture.size == SIZES[name.rsplit("-", 1)[1]]


def test_there_is_no_other_picture_and_all_are_light() -> None:
    found = sorted(SCREENS.iterdir())
    assert [path.stem for path in found] == sorted(NAMES)
    assert sum(path.stat().st_size for path in found) < 3_000_000


def test_the_pictures_that_are_shown_exist() -> None:
    shown = re.findall(
        r'(?:src|srcset)="([^"]+\.png)"|!\[[^\]]*\]\(([^)]+\.png)\)', (ROOT / "README.md").read_text(encoding="utf-8")
    )
    assert len(shown) >= 3
    for names in shown:
        assert (ROOT / "".join(names)).is_file()
