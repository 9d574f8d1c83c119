"""Slows down who fails to prove who they are."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bridge.operations.remembering import Remembered

_FREE_FAILURES = 3
_FIRST_PAUSE_SECONDS = 0.2
_FORGOTTEN_AFTER = timedelta(minutes=15)


class Brake:
    """Lets each failure after the first few of an address, or of a name, wait longer.

    Failures alone wait, after they were found to be some: whoever shows what is right is never
    kept waiting by what others did. Few wait at a time, because each keeps a thread; where more
    come, they are answered at once.
    """

    def __init__(
        self,
        *,
        most_waiting: int = 4,
        longest_pause_seconds: float = 5.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._addresses: Remembered[str, int] = Remembered()
        self._names: Remembered[str, int] = Remembered()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(most_waiting)
        self._longest_pause_seconds = longest_pause_seconds
        self._pause = pause

    def slow(self, *, address: str, name: str, now: datetime) -> int:
        """Counts a failure, and waits as long as it has to; how many there were lately."""
        with self._lock:
            failures = max(_count(self._addresses, address, now), _count(self._names, name, now))
        seconds = min(pause_seconds(failures), self._longest_pause_seconds)
        if seconds and self._places.acquire(blocking=False):
            try:
                self._pause(seconds)
            finally:
                self._places.release()
        return failures


def pause_seconds(failures: int) -> float:
    """How long the last of so many failures waits: 0.2 seconds at first, doubling each time."""
    if failures <= _FREE_FAILURES:
        return 0
    doublings = min(failures - _FREE_FAILURES - 1, 10)
    return _FIRST_PAUSE_SECONDS * (1 << doublings)


def _count(counts: Remembered[str, int], key: str, now: datetime) -> int:
    failures = (counts.get(key, now) or 0) + 1
    counts.put(key, failures, now=now, until=now + _FORGOTTEN_AFTER)
    return failures
