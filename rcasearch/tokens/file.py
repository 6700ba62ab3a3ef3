"""The file of the tokens: read again whenever it changes, and written whole, so that a server never finds half of it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from rcasearch.durable import sync
from rcasearch.errors import RcaSearchError
from rcasearch.settings import Settings
from rcasearch.tokens.token import NAME, SCOPES, Token, may_be_for

FORMAT = 1
MAX_BYTES = 4_194_304
_HASH = re.compile(r"[0-9a-f]{64}")
_KEYS = {"name", "sha256", "scopes", "labels", "created", "expires"}
Stamp = tuple[int, int, int, int]


class TokenFileError(RcaSearchError):
    """The file of the tokens cannot be read, and so nobody can be told from anybody else."""

    code = "tokens_unusable"


def tokens_path(settings: Settings) -> Path:
    """Where the tokens are: where the settings say, else beside the index."""
    return Path(settings.tokens_file) if settings.tokens_file else settings.beside_index(".tokens.json")


class TokenFile:
    """The tokens in force. Thread-safe; each look costs one call of the system while the file stays as it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reading = threading.Lock()
        self._known: tuple[Stamp, tuple[Token, ...]] | None = None

    def tokens(self) -> tuple[Token, ...] | None:
        """All tokens of the file, expired ones too; None where there has been no file.

        Raises TokenFileError where the file is damaged, is writable for everybody, or was there and is gone.
        """
        known = self._known
        try:
            found = _stamp(self.path.stat())
            if known and known[0] == found:
                return known[1]
            with self._reading:
                self._known = _read(self.path)
                return self._known[1]
        except FileNotFoundError:
            if known is None:
                return None
            raise _unusable(self.path, "was there and is gone") from None
        except OSError as error:
            raise _unusable(self.path, f"cannot be read: {error.strerror}") from None

    def change(self, change: Callable[[tuple[Token, ...]], Sequence[Token]]) -> None:
        """Replace the tokens by what ``change`` makes of them; one process at a time. Raises OSError and TokenFileError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.path.parent):
            _write(self.path, change(self.tokens() or ()))


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read(path: Path) -> tuple[Stamp, tuple[Token, ...]]:
    """The tokens of a file, with the stamp of the very file that was read."""
    # What is no file, as a pipe, must not hold up every request.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(path, "is not a file")
        if status.st_mode & stat.S_IWOTH:
            raise _unusable(path, "may be written by everybody on this machine", f"Run `chmod o-w {path}`.")
        if status.st_size > MAX_BYTES:
            raise _unusable(path, f"has more than {MAX_BYTES:,} bytes")
        data = file.read(MAX_BYTES)
    try:
        return _stamp(status), _parsed(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _unusable(path, "is not as `rcasearch token` writes it") from None


def _parsed(document: Any) -> tuple[Token, ...]:
    """The tokens of a document. Raises ValueError, TypeError, KeyError and AttributeError for what is none."""
    if document["format"] != FORMAT:
        raise ValueError("another format")
    return tuple(_token(entry) for entry in document["tokens"])


def _token(entry: dict[str, Any]) -> Token:
    scopes, labels = frozenset(entry["scopes"]), frozenset(entry["labels"])
    fits = set(entry) - {"tenant"} == _KEYS and NAME.fullmatch(entry["name"]) and _HASH.fullmatch(entry["sha256"])
    if not fits or not scopes <= set(SCOPES) or not all(isinstance(label, str) for label in labels):
        raise ValueError("no token")
    if not may_be_for(tenant := entry.get("tenant"), scopes):
        raise ValueError("no tenant")
    for moment in (entry["created"], entry["expires"]):
        if moment is not None and datetime.fromisoformat(moment).tzinfo is None:
            raise ValueError("a time without its zone")
    return Token(entry["name"], entry["sha256"], scopes, labels, entry["created"], entry["expires"], tenant)


def _unusable(path: Path, what: str, hint: str = "") -> TokenFileError:
    usual = "Mend it, or put a copy back; to begin anew, delete it, restart the server and make tokens by `rcasearch token add`."
    return TokenFileError(f"The file of tokens {path} {what}.", hint or usual)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder: of two processes that change a file in it, neither loses what the other wrote."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, tokens: Sequence[Token]) -> None:
    entries = [
        {
            "name": token.name,
            "sha256": token.sha256,
            "scopes": sorted(token.scopes),
            "labels": sorted(token.labels),
            "created": token.created,
            "expires": token.expires,
            **({"tenant": token.tenant} if token.tenant else {}),
        }
        for token in tokens
    ]
    data = json.dumps({"format": FORMAT, "tokens": entries}, indent=1).encode()
    # A link is followed: the file that it names is replaced, not the link.
    target = path.resolve()
    draft = target.with_name(f".{target.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        _as_before(draft, target)
        sync(draft)
        draft.replace(target)
        sync(target.parent)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _as_before(draft: Path, target: Path) -> None:
    """Give a draft the owner of the file that it replaces, or of its folder: a server must be able to read what root wrote."""
    like = target if target.exists() else target.parent
    status = like.stat()
    if os.geteuid() == 0:
        os.chown(draft, status.st_uid, status.st_gid)
    if like == target:
        draft.chmod(stat.S_IMODE(status.st_mode) & ~stat.S_IWOTH)
