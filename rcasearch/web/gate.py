"""Who may come in: holders of tokens, and others as far as the settings say. Knows nothing of any framework."""

from __future__ import annotations

import ipaddress
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rcasearch.errors import RcaSearchError, SettingsError
from rcasearch.model.access import EVERYTHING, UNLABELLED, Clearance
from rcasearch.settings import NAME as TENANT_NAME
from rcasearch.settings import Settings
from rcasearch.tokens import ANY_TENANT, METRICS, PREFIX, READ, SCOPES, Token, TokenFile, TokenFileError, holder, tokens_path
from rcasearch.web.hosts import host_name, is_loopback
from rcasearch.web.rates import Rate

log = logging.getLogger("rcasearch.web")
# Nobody mistypes a token more often; none of 256 random bits is guessed at any rate.
FAILURES_A_MINUTE = 10
_SOON_DAYS = 14
# By which who may ask of any tenant names one.
TENANT_HEADER = "X-Rcasearch-Tenant"
# Headers by which a proxy tells that a request is not its own.
_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via")


class TokenNeededError(RcaSearchError):
    """Something is asked for that needs a token, and none was sent."""

    code = "token_needed"


class TokenUnknownError(RcaSearchError):
    """A token that was sent is none, was revoked or has expired."""

    code = "token_unknown"


class ScopeError(RcaSearchError):
    """A token does not allow what its holder asks for."""

    code = "scope_missing"


class TenantError(RcaSearchError):
    """A request names a tenant that its sender may not ask of, or that can be none."""

    code = "tenant_not_yours"


class TooManyError(RcaSearchError):
    """Somebody asks too often. ``wait_s`` is after how many seconds they may ask again."""

    code = "too_many_requests"

    def __init__(self, message: str, hint: str, wait_s: float) -> None:
        super().__init__(message, hint)
        self.wait_s = math.ceil(wait_s)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: what they may do, and which labelled documents they may see.

    ``token`` says whether a token told who it is; only then does the name stand for one person or program. ``tenant`` is whose
    index is asked, None that of the server's own tenant; who has ``any_tenant`` may name another one with each request.
    """

    name: str
    scopes: frozenset[str] = frozenset()
    clearance: Clearance = UNLABELLED
    token: bool = False
    tenant: str | None = None
    any_tenant: bool = False

    def may(self, scope: str) -> bool:
        """Whether the caller may use what needs this scope."""
        return scope in self.scopes

    def check(self, scope: str) -> None:
        """Raise TokenNeededError or ScopeError where they may not."""
        if self.may(scope):
            return
        if not self.token:
            raise TokenNeededError(
                "This needs a token.",
                f"Send one as Authorization: Bearer {PREFIX}…; who runs this server makes one by `rcasearch token add`.",
            )
        raise ScopeError(
            f"The token {self.name} does not allow this.", f"It needs the scope {scope}, which is to {SCOPES.get(scope, '')}."
        )


ANYBODY = Caller("anybody")
READER = Caller("anybody", frozenset({READ}))
# Who uses this machine reads its files anyway. Senders of alerts always prove who they are.
LOCAL = Caller("this machine", frozenset({READ, METRICS}), EVERYTHING)


class Gates:
    """What the processes of one server share: how often each caller asked, and how often they failed to say who they are."""

    def __init__(self, settings: Settings) -> None:
        self.requests = Rate(settings.rate_limit)
        self.failures = Rate(FAILURES_A_MINUTE)


class Gate:
    """Tells who asks. Thread-safe."""

    def __init__(self, settings: Settings, shared: Gates | None = None) -> None:
        self._tokens = TokenFile(tokens_path(settings))
        self._shared = shared or Gates(settings)
        self._reads, self._own = settings.anonymous == "read", settings.tenant
        # With a proxy before it, who asks from this machine is the proxy.
        self._local = settings.anonymous == "auto" and is_loopback(settings.host) and not settings.proxies

    def caller(self, given: str, address: str, *, direct: bool) -> Caller:
        """Who sends ``given``, which is empty where they sent no token, from ``address``.

        ``direct`` is false where something tells that the request was passed on. Raises TokenUnknownError, TooManyError and
        TokenFileError.
        """
        if self._local and direct and self._known() is None:
            return LOCAL
        if not given:
            return READER if self._reads else ANYBODY
        return self.holder(given, address)

    def holder(self, given: str, address: str) -> Caller:
        """Who holds a token. Raises TokenUnknownError, TooManyError and TokenFileError."""
        token = holder(given, self._known() or ())
        if token is None or token.expired(datetime.now(UTC)):
            raise self._refusal(token, address)
        every = token.tenant == ANY_TENANT
        tenant = None if every or token.tenant == self._own else token.tenant
        return Caller(token.name, token.allowed, token.clearance, True, tenant, every)

    def within(self, caller: Caller, tenant: str) -> Caller:
        """The caller as one of the tenant that a request names, which is empty where it names none. Raises TenantError.

        Whoever may not ask of any gets the same words for each tenant that is not theirs, whether it is there or not.
        """
        if not tenant or tenant == (caller.tenant or self._own):
            return caller
        if not caller.any_tenant or not TENANT_NAME.fullmatch(tenant):
            raise TenantError("This is no tenant of yours.", f"Leave {TENANT_HEADER} out: a token tells whose index it is for.")
        return replace(caller, tenant=None if tenant == self._own else tenant)

    def count(self, caller: Caller, address: str) -> None:
        """Count a request. Raises TooManyError where there were too many."""
        if caller is LOCAL:
            return
        who = f"token {caller.name}" if caller.token else f"address {network(address)}"
        if wait := self._shared.requests.wait_s(who):
            told = f"The token {caller.name}" if caller.token else "Your address"
            raise TooManyError(f"{told} asks more often than this server answers.", "Wait as long as Retry-After says.", wait)

    def _refusal(self, token: Token | None, address: str) -> RcaSearchError:
        # Only who fails is counted, so that nobody can lock out others behind the same address.
        if wait := self._shared.failures.wait_s(network(address)):
            return TooManyError("Too many tokens from your address were none.", "Wait as long as Retry-After says.", wait)
        if token is None:
            log.warning("A token that is not known was sent from %r.", address[:64])
            return TokenUnknownError("The token is not known here.", "It may have been revoked, or not have been copied whole.")
        log.warning("The token %s, which has expired, was sent from %r.", token.name, address[:64])
        return TokenUnknownError(
            f"The token {token.name} expired on {(token.expires or '')[:10]}.", "Ask who runs this server for another."
        )

    def _known(self) -> tuple[Token, ...] | None:
        try:
            return self._tokens.tokens()
        except TokenFileError as error:
            log.error("Nobody can be told from anybody else: %s %s", error.message, error.hint)
            raise TokenFileError("The server cannot read its tokens.", "Its log says why.") from None


def check_start(settings: Settings) -> None:
    """Say what is wrong before anybody is listened to, and warn of tokens that end soon.

    Raises SettingsError where others than this machine would be listened to and nobody said what they may do; TokenFileError.
    """
    path = tokens_path(settings)
    tokens, now = TokenFile(path).tokens(), datetime.now(UTC)
    if tokens is None and settings.anonymous == "auto" and not is_loopback(settings.host):
        raise SettingsError(
            f"Others than this machine could ask at {settings.host}, and there is no token to tell them apart ({path}).",
            "Make one by `rcasearch token add NAME`; or let anybody read what carries no label by RCASEARCH_ANONYMOUS=read.",
            field="anonymous",
        )
    for token in tokens or ():
        if token.expires and (datetime.fromisoformat(token.expires) - now).days < _SOON_DAYS:
            told = "has expired" if token.expired(now) else f"expires on {token.expires[:10]}"
            log.warning("The token %s %s; `rcasearch token add` makes one to follow it.", token.name, told)


def bearer(header: str) -> str:
    """The token of ours in an Authorization header; empty where it is for somebody else, as a proxy or a hook."""
    scheme, _, given = header.partition(" ")
    given = given.strip()
    return given if scheme.lower() == "bearer" and given.startswith(PREFIX) else ""


def comes_direct(header: Callable[[str], str | None], host: str) -> bool:
    """Whether nothing tells that a proxy passed a request to ``host`` on. ``header`` knows values by names in lower case."""
    return all(header(name) is None for name in _PASSED_ON) and (not host or is_loopback(host_name(host)))


def network(address: str) -> str:
    """Whom an address stands for: itself, or of IPv6 the network that one household or machine has to itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))
