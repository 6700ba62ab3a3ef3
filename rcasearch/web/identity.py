"""Who asks: the holder of a token, the user of this machine, or anybody."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, has_request_context

from rcasearch.model.access import UNLABELLED, Clearance


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: what they may do, and which labelled documents they may see."""

    name: str
    scopes: frozenset[str] = frozenset()
    clearance: Clearance = UNLABELLED

    def may(self, scope: str) -> bool:
        """Whether the caller may use what needs this scope."""
        return scope in self.scopes


ANYBODY = Caller("anybody")


def caller() -> Caller:
    """Who sent the current request. Until that is known, and outside a request, somebody who may do nothing and sees no label."""
    found = g.get("caller", ANYBODY) if has_request_context() else ANYBODY
    assert isinstance(found, Caller)
    return found
