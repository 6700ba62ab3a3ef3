"""How long a request takes that waits for a busy server, and for the slowest of many.

Times are in milliseconds. A service time is lognormal, told by its median and 95th percentile. What waits is approximated as in
Allen and Cunneen (A. O. Allen, Probability, Statistics and Queueing Theory, 1990): Erlang's chance of having to wait, and then a
time that is exponential with the mean of M/G/c.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
_Z95 = NormalDist().inv_cdf(0.95)
# A distribution is kept as so many values, each as likely as the others.
POINTS = 501
_HALVINGS = 32
_NEVER = 1e-9


@dataclass(frozen=True)
class Service:
    """A service time by its median and 95th percentile."""

    p50: float
    p95: float

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""
        return math.log(max(self.p95 / self.p50, 1.0)) / _Z95

    @property
    def mean(self) -> float:
        return self.p50 * math.exp(self.sigma**2 / 2)

    @property
    def variability(self) -> float:
        """The squared coefficient of variation: 0 where all take the same, 1 where they are exponential."""
        return math.expm1(self.sigma**2)

    @cached_property
    def samples(self) -> Samples:
        """(POINTS,) times, ascending, each as likely as the others."""
        standard = NormalDist()
        shares = (np.arange(POINTS) + 0.5) / POINTS
        return self.p50 * np.exp(self.sigma * np.array([standard.inv_cdf(share) for share in shares]))

    def longer(self, milliseconds: float) -> Service:
        """The same with so much more to do each time."""
        return Service(self.p50 + milliseconds, self.p95 + milliseconds)


@dataclass(frozen=True)
class Wait:
    """A chance of having to wait, and the ``rate`` (1/ms) at which those who wait are let in."""

    chance: float
    rate: float

    @property
    def mean(self) -> float:
        return self.chance / self.rate if self.chance else 0.0

    def within(self, times: Samples) -> Samples:
        """The chance of having waited no longer than each of the ``times``; 0 for what is before 0."""
        return np.where(times < 0, 0.0, 1 - self.chance * np.exp(-self.rate * np.maximum(times, 0.0)))


def erlang_c(servers: int, load: float) -> float:
    """The chance of having to wait in M/M/c, ``load`` being arrivals a second times seconds of service (Erlang, 1917)."""
    if load >= servers:
        return 1.0
    # Erlang's B by its recurrence, which neither over- nor underflows.
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - (load / servers) * (1 - blocked))


def wait(per_second: float, mean: float, variability: float, servers: int) -> Wait:
    """The wait in M/G/c. Raises ValueError where more arrives than can be served."""
    load = per_second * mean / 1_000
    if load >= servers:
        raise ValueError(f"{load:.1f} servers would be busy, and there are {servers}")
    chance = erlang_c(servers, load)
    if not chance:
        return Wait(0.0, 1.0)
    waited = chance * mean / (servers - load) * (1 + variability) / 2
    return Wait(chance, chance / waited)


def slowest(service: Service, waiting: Wait, of: int) -> Samples:
    """(POINTS,) times, ascending, of the slowest of ``of`` requests that are sent at once to servers of their own."""
    shares = ((np.arange(POINTS) + 0.5) / POINTS) ** (1 / of)
    low = np.zeros(POINTS)
    high = np.full(POINTS, service.samples[-1] + 40 / waiting.rate)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = _within(service, waiting, middle) >= shares
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _within(service: Service, waiting: Wait, times: Samples) -> Samples:
    """The chance that wait and service together take no longer than each of the ``times``."""
    if waiting.chance < _NEVER:
        return np.searchsorted(service.samples, times, "right") / POINTS
    # A coarser service time is enough where the wait smooths it.
    own = service.samples[2::5]
    return np.asarray(waiting.within(times[:, None] - own[None, :]).mean(axis=1))


def in_turn(stages: list[Samples]) -> Samples:
    """(POINTS,) times of all stages one after the other; how long one takes tells nothing of the next."""
    total = np.zeros(POINTS)
    for number, stage in enumerate(stages):
        total += np.random.default_rng(number).permutation(stage)
    return np.sort(total)
