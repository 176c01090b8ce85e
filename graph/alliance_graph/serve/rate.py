"""How much one address may ask for."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

RATE = 50.0
"""Requests a second that one address may send, where nobody says otherwise."""
BURST = 10.0
"""Seconds' worth of requests that may come at once, after a rest."""
WEIGHT = 10.0
"""How many requests a second of answering counts for."""
_ADDRESSES = 10_000
"""So many are remembered, those that came last."""


class Rate:
    """A store of requests for each address, which fills with time and empties by asking.

    An answer that took long counts for more: with the defaults, half of the places for slow queries
    is what one address can keep busy. Without ``rate`` this machine itself is free of it.
    """

    def __init__(
        self, rate: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = RATE if rate is None else rate
        self._all = rate is not None
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Take one request; seconds to wait where there is none left, else 0."""
        if not self._rate or not (who := _who(address, self._all)):
            return 0
        left = self._now(who)
        self._put(who, max(0.0, left - 1))
        return 0 if left >= 1 else math.ceil((1 - left) / self._rate)

    def took(self, address: str, seconds: float) -> None:
        """Count the time that an answer took."""
        if self._rate and seconds > 1 / WEIGHT and (who := _who(address, self._all)):
            self._put(who, self._now(who) - seconds * WEIGHT)

    def _now(self, who: str) -> float:
        full = self._rate * BURST
        left, then = self._left.get(who, (full, 0.0))
        return min(full, left + (self._clock() - then) * self._rate)

    def _put(self, who: str, left: float) -> None:
        self._left[who] = (left, self._clock())
        self._left.move_to_end(who)
        if len(self._left) > _ADDRESSES:
            self._left.popitem(last=False)


@lru_cache(maxsize=1024)
def _who(address: str, everyone: bool) -> str:
    """Whose an address is: of IPv6 the network, since one client has all of it; or nobody's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address if everyone else ""
    if parsed.is_loopback and not everyone:
        return ""
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))
