"""By which names the server is asked, and from which pages: a browser tells both, and a foreign page cannot help it."""

from __future__ import annotations

import ipaddress
import re

from rcasearch.errors import RcaSearchError, SettingsError
from rcasearch.settings import Settings

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class HostError(RcaSearchError):
    """The Host header names a machine that this server is not."""

    code = "host_not_allowed"


class CrossSiteError(RcaSearchError):
    """A page of another site sent this request through somebody's browser."""

    code = "cross_site"


def hosts(settings: Settings) -> frozenset[str]:
    """The names that the settings allow. Raises SettingsError for what is no name."""
    found = frozenset(word.lower().rstrip(".") for word in settings.hosts.split())
    for word in sorted(found):
        if not _HOST.fullmatch(word):
            told = f"The setting hosts names {word[:80]!r}, which is no name of a machine."
            raise SettingsError(told, "Write the name alone, as in rca.example.com: no scheme, port or *.", field="hosts")
    return found


def check_host(given: str, settings: Settings, known: frozenset[str]) -> None:
    """Raise HostError for a foreign name: a web page may have pointed its own name at this machine to read the answers.

    An address in figures is nobody's name, and so it is taken where others than this machine are listened to.
    """
    name = host_name(given)
    local = is_loopback(settings.host)
    if not given or name in known or is_loopback(name) or (not local and (not known or _is_address(name))):
        return
    if known:
        told = f"This server does not answer by the name {given[:80]}."
        raise HostError(told, "Use one of the names in RCASEARCH_HOSTS, or add this one to them.")
    raise HostError(
        f"This server answers to its local names only, not to {given[:80]}.",
        "Use http://localhost with its port; behind a proxy, name the host in RCASEARCH_HOSTS.",
    )


def host_name(given: str) -> str:
    """The name in a Host header, without the port and the brackets of an address."""
    name = given if given.endswith("]") else given.rsplit(":", 1)[0]
    return name.strip("[]").lower().rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether a name or address can only mean this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
