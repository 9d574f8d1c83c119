"""Keeps strangers from taking all threads while they wait to be proved."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bridge.operations.admission import ServerBusy

T = TypeVar("T")

_LATELY = timedelta(minutes=1)


@dataclass(slots=True)
class _Turn:
    """The callers that show the same, and what the last look found, which began when."""

    is_stranger: bool
    callers: int = 0
    looked_at: float = -math.inf
    found: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Entrance:
    """Where callers wait until somebody has looked at what they show.

    Each keeps a thread meanwhile. So while many turn out to be nobody, only some strangers wait,
    and the others are told to come back; whoever is no stranger always finds a place.
    """

    def __init__(self, most_strangers: int = 8) -> None:
        self._most_strangers = most_strangers
        self._wrong: deque[datetime] = deque(maxlen=most_strangers)
        self._turns: dict[Hashable, _Turn] = {}
        self._lock = threading.Lock()

    def look_at(
        self, shown: Hashable, look: Callable[[], T], *, is_stranger: bool, now: datetime
    ) -> T:
        """What a look finds; of those who come with the same meanwhile, one looks for all.

        Raises ServerBusy.
        """
        came_at = time.monotonic()
        turn = self._enter(shown, is_stranger, now)
        try:
            with turn.lock:
                if turn.looked_at < came_at:
                    begun_at, turn.found = time.monotonic(), look()
                    turn.looked_at = begun_at
                found: T = turn.found
                return found
        finally:
            with self._lock:
                turn.callers -= 1
                if not turn.callers:
                    del self._turns[shown]

    def tell_wrong(self, now: datetime) -> None:
        """Somebody who was looked at is nobody."""
        with self._lock:
            self._wrong.append(now)

    def _enter(self, shown: Hashable, is_stranger: bool, now: datetime) -> _Turn:
        with self._lock:
            turn = self._turns.get(shown)
            if turn is None:
                if is_stranger and self._is_full(now):
                    raise ServerBusy(
                        "many callers wait to be recognised: repeat the call in some seconds"
                    )
                turn = self._turns[shown] = _Turn(is_stranger)
            turn.callers += 1
            return turn

    def _is_full(self, now: datetime) -> bool:
        """Consumers that all begin at the hour are no flood, however many."""
        strangers = sum(one.is_stranger for one in self._turns.values())
        is_flood = len(self._wrong) == self._most_strangers and now - self._wrong[0] < _LATELY
        return is_flood and strangers >= self._most_strangers
