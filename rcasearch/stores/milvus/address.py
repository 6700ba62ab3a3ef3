"""Where an engine is: the setting `store`, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from rcasearch.errors import SettingsError

_PORT = 19530
_SCHEMES = {"milvus": False, "milvus+tls": True}
# What the engine takes as the name of a collection, less what is put behind it there.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
# The client takes no addresses of IPv6.
_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}")
_HINT = "Write RCASEARCH_STORE=milvus://HOST:19530/NAME, or milvus+tls:// for an engine that speaks TLS."


@dataclass(frozen=True, slots=True)
class Address:
    """The ``host`` and ``port`` of an engine, whether it speaks TLS, and the ``name`` of the index there."""

    host: str
    port: int
    name: str
    secure: bool = False

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address in a text such as ``milvus://host:19530/name``. Raises SettingsError, which never repeats the text."""
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            raise _wrong("is no address, or its port is no number from 1 to 65535") from None
        _refuse(parts, port)
        name = parts.path.removeprefix("/")
        if not _NAME.fullmatch(name):
            raise _wrong("must end in a name of letters, digits and underscores, which does not begin with a digit")
        return cls(str(parts.hostname), port or _PORT, name, _SCHEMES[parts.scheme])

    @property
    def uri(self) -> str:
        """The same as the client of the engine takes it, without the name."""
        return f"{'https' if self.secure else 'http'}://{self.place}"

    @property
    def place(self) -> str:
        """The host and the port."""
        return f"{self.host}:{self.port}"


def _refuse(parts: SplitResult, port: int | None) -> None:
    """Raise SettingsError for what no address has."""
    if parts.scheme not in _SCHEMES:
        raise _wrong("must begin with milvus:// or milvus+tls://")
    if "@" in parts.netloc:
        raise SettingsError(
            "The setting store names a user or a password.",
            "Set RCASEARCH_STORE_TOKEN_FILE to a file that holds `user:password`, and take both out of the address.",
            field="store",
        )
    if parts.query or parts.fragment:
        raise _wrong("must not hold ? or #")
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise _wrong("names no host that the client takes: a name, or an IPv4 address")
    if port == 0:
        raise _wrong("must have a port from 1 to 65535")


def _wrong(what: str) -> SettingsError:
    return SettingsError(f"The setting store {what}.", _HINT, field="store")
