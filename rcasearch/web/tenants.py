"""The index of each tenant: the server's own is always there, others are opened when somebody asks of them, and some are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace

from rcasearch import patience
from rcasearch.settings import Settings
from rcasearch.web.live import Live


class Tenants:
    """Hands out the Live of each tenant. Of more than `max_tenants`, the one that was asked least recently goes. Thread-safe.

    Nothing is shared by two of them but the encoder, and nothing of a tenant is known before somebody of it asks.
    """

    def __init__(self, settings: Settings, own: Live) -> None:
        self.own = own
        self._settings = settings
        self._others: OrderedDict[str, _Other] = OrderedDict()
        self._choosing = threading.Lock()

    def of(self, tenant: str | None) -> Live:
        """The Live of a tenant, None for the server's own; who asks first waits until its index is open, or was refused.

        Raises as `patience.check` does.
        """
        if tenant is None:
            return self.own
        other = self._other(tenant)
        other.open(follow=self.own.followed)
        return other.live

    def stop(self) -> None:
        """Follow none of them any longer."""
        self.own.stop()
        with self._choosing:
            for other in self._others.values():
                other.live.stop()

    def _other(self, tenant: str) -> _Other:
        with self._choosing:
            found = self._others.pop(tenant, None) or _Other(replace(self._settings, tenant=tenant))
            self._others[tenant] = found
            while len(self._others) > self._settings.max_tenants:
                # Who is being answered from it keeps it until then.
                self._others.popitem(last=False)[1].live.stop()
            return found


class _Other:
    """A tenant that is not the server's own."""

    def __init__(self, settings: Settings) -> None:
        self.live = Live(settings)
        self._opening, self._opened = threading.Semaphore(), False

    def open(self, *, follow: bool) -> None:
        """Open the index, or see why that cannot be; once, whoever asks."""
        if self._opened:
            return
        with patience.in_turn(self._opening):
            if not self._opened:
                self.live.open()
                if follow:
                    self.live.follow()
                self._opened = True
