"""Ways to damage a file: in each region of it by bits, bytes, zeros, noise and cuts, and as a whole."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_BLOCK = 512
_NEAR = 64


def _first(size: int, chance: random.Random) -> int:
    return chance.randrange(min(size, _NEAR))


def _head(size: int, chance: random.Random) -> int:
    return chance.randrange(min(size, 4_096))


def _middle(size: int, chance: random.Random) -> int:
    return chance.randrange(size // 4, max(size // 4 + 1, 3 * size // 4))


def _tail(size: int, chance: random.Random) -> int:
    return size - 1 - _head(size, chance)


def _last(size: int, chance: random.Random) -> int:
    return size - 1 - _first(size, chance)


REGIONS: dict[str, Callable[[int, random.Random], int]] = {
    "first bytes": _first,
    "head": _head,
    "middle": _middle,
    "tail": _tail,
    "last bytes": _last,
}


def _over(data: bytes, place: int, new: bytes) -> bytes:
    return (data[:place] + new + data[place + len(new) :])[: len(data)]


def _bit(data: bytes, place: int, chance: random.Random) -> bytes:
    return _over(data, place, bytes([data[place] ^ (1 << chance.randrange(8))]))


def _byte(data: bytes, place: int, chance: random.Random) -> bytes:
    return _over(data, place, bytes([(data[place] + chance.randrange(1, 256)) % 256]))


def _zeros(data: bytes, place: int, _: random.Random) -> bytes:
    return _over(data, place, bytes(_BLOCK))


def _noise(data: bytes, place: int, chance: random.Random) -> bytes:
    return _over(data, place, chance.randbytes(_BLOCK))


def _swapped(data: bytes, place: int, chance: random.Random) -> bytes:
    size = min(_BLOCK, len(data) // 2)
    one, other = sorted((min(place, len(data) - size), chance.randrange(len(data) - size + 1)))
    if other < one + size:
        return data
    return _over(_over(data, one, data[other : other + size]), other, data[one : one + size])


def _cut(data: bytes, place: int, _: random.Random) -> bytes:
    return data[:place]


def _longer(data: bytes, place: int, chance: random.Random) -> bytes:
    return data[:place] + chance.randbytes(_NEAR) + data[place:]


CONTENTS: dict[str, Callable[[bytes, int, random.Random], bytes]] = {
    "bit": _bit,
    "byte": _byte,
    "zeros": _zeros,
    "noise": _noise,
    "swapped": _swapped,
    "cut": _cut,
    "longer": _longer,
}


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path) -> None:
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    path.symlink_to(aside.name)


def _broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _stranger(path: Path) -> None:
    path.write_bytes(b"# What somebody wrote here\n" * 100)


WHOLES: dict[str, Callable[[Path], None]] = {
    "missing": _missing,
    "empty": _empty,
    "a folder": _folder,
    "a link": _link,
    "a broken link": _broken_link,
    "a pipe": _pipe,
    "endless": _endless,
    "a stranger": _stranger,
}


class Trial(NamedTuple):
    """A damage: to which file, where, how; ``apply`` does it."""

    file: str
    region: str
    way: str
    apply: Callable[[Path], None]


def trials(path: Path, each: int, chance: random.Random) -> Iterator[Trial]:
    """Every way in every region, ``each`` times, that changes a file, and every way to damage it as a whole."""
    data = path.read_bytes()
    for region, place in REGIONS.items() if data else ():
        for way, change in CONTENTS.items():
            for _ in range(each):
                damaged = change(data, place(len(data), chance), chance)
                if damaged != data:
                    yield Trial(path.name, region, way, _writing(damaged))
    for way, replace in WHOLES.items():
        yield Trial(path.name, "all", way, replace)


def _writing(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


@contextmanager
def damaged(path: Path, trial: Trial) -> Iterator[None]:
    """The file is damaged within, and as it was afterwards."""
    kept = Path(f"{path.parent}.{path.name}.kept")
    shutil.copy2(path, kept)
    try:
        trial.apply(path)
        yield
    finally:
        for left in (path, path.with_name(path.name + ".aside")):
            if left.is_dir() and not left.is_symlink():
                left.rmdir()
            else:
                left.unlink(missing_ok=True)
        kept.replace(path)
