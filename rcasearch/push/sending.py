"""One HTTP request to a receiver: to the address that was checked, within a time, without following anybody elsewhere."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from rcasearch import __version__

STEP_S = 10.0
TOTAL_S = 20.0
_READ = 2_000
# A receiver that says so may be asked again; any other refusal stays one.
_LATER = frozenset({408, 425, 429})
# Where clouds tell a machine its own credentials, beside the link-local 169.254.169.254.
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, and whether it may go to a private network though its address is a public name."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    private: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: ``error`` is empty where it arrived. ``again`` tells whether it may arrive another time.

    ``after`` is the receiver's Retry-After as it came.
    """

    error: str = ""
    again: bool = False
    after: str = ""


class ForbiddenAddressError(OSError):
    """A name leads to an address that it may not lead to."""


def send(request: Request) -> Outcome:
    """POST a request. Never raises; no error tells the address or what was sent."""
    try:
        with _connected(request) as connection:
            target = urlsplit(request.url)
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            headers = {"User-Agent": f"rcasearch/{__version__}", "Connection": "close", **request.headers}
            connection.request("POST", path, request.body, headers)
            return _read(connection.getresponse())
    except ForbiddenAddressError as error:
        return Outcome(str(error))
    except ssl.SSLCertVerificationError as error:
        return Outcome(f"its certificate does not hold: {error.verify_message}", again=True)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(f"it cannot be reached: {_kind(error)}", again=True)


def is_private(host: str) -> bool:
    """Whether a host, as an address names it, can only be this machine or one of a private network."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return not _meant(host).is_global
    except ValueError:
        return False


def is_nobodys(host: str) -> bool:
    """Whether a host, as an address names it, is a number at which no receiver can be."""
    try:
        return _is_nobodys(_meant(host))
    except ValueError:
        return False


def _meant(number: str) -> Address:
    """The address that a number of RFC 4291, 3056 or 6052 carries within it, else the number itself."""
    address = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        carried = ipaddress.IPv4Address(address.packed[-4:]) if address in _NAT64 else None
        return address.ipv4_mapped or address.sixtofour or carried or address
    return address


def _is_nobodys(address: Address) -> bool:
    """Whether an address is never a receiver's, whatever the settings allow: link-local ones, clouds' metadata, nobody, many."""
    special = address.is_link_local or address.is_multicast or address.is_unspecified
    # Python counts ::1 among the reserved ones.
    return special or (address.is_reserved and not address.is_loopback) or address in _METADATA


def seconds(retry_after: str, now: float) -> float:
    """A Retry-After header as seconds from ``now`` (since 1970); 0 where it says nothing. RFC 9110, section 10.2.3."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0


@contextmanager
def _connected(request: Request) -> Iterator[http.client.HTTPConnection]:
    target = urlsplit(request.url)
    host, secure = target.hostname or "", target.scheme == "https"
    usual = 443 if secure else 80
    connection = http.client.HTTPConnection(host, target.port or usual)
    # The port stands in the Host header unless it is the scheme's own.
    connection.default_port = usual
    reached = _reached(host, connection.port, private=request.private or is_private(host))
    if secure:
        # The handshake waits until it can be cut off.
        reached = ssl.create_default_context().wrap_socket(reached, server_hostname=host, do_handshake_on_connect=False)
    # Each step has its own time; a receiver that answers drop by drop would take for ever.
    timer = threading.Timer(TOTAL_S, _cut, [reached])
    timer.daemon = True
    timer.start()
    try:
        if isinstance(reached, ssl.SSLSocket):
            reached.do_handshake()
        connection.sock = reached
        yield connection
    finally:
        timer.cancel()
        connection.close()
        reached.close()


def _reached(host: str, port: int, *, private: bool) -> socket.socket:
    """A connection to the first address of a host that answers. Raises OSError."""
    last: OSError = OSError("no address")
    until = time.monotonic() + TOTAL_S
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        number = str(address[0])
        where = _meant(number)
        if _is_nobodys(where):
            raise ForbiddenAddressError("it leads to an address at which no receiver can be, as that of a machine's metadata")
        if not private and not where.is_global:
            raise ForbiddenAddressError("its name leads to a private network, which private = true would allow")
        if time.monotonic() > until:
            break
        try:
            # The address that was checked is the one that is used: a name could lead elsewhere the next time it is asked.
            return socket.create_connection((number, port), timeout=STEP_S)
        except OSError as error:
            last = error
    raise last


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _read(response: http.client.HTTPResponse) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        return Outcome()
    if 300 <= status < 400:
        return Outcome(f"it answered {status}, and redirects are not followed: write the final address into the settings")
    words = " ".join(response.read(_READ).decode("utf-8", "replace").split())[:200]
    told = f"it answered {status}" + (f": {words}" if words.isprintable() and words else "")
    return Outcome(told, again=status >= 500 or status in _LATER, after=response.headers.get("Retry-After", ""))


def _kind(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
