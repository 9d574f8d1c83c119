"""Keeps strangers from taking all threads while they wait to be proved."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bridge.operations.admission import ServerBusy


@dataclass(slots=True)
class _Turn:
    """The callers that show the same; the first of them is looked at, the others hear of it."""

    is_stranger: bool
    callers: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Entrance:
    """Where callers wait until somebody has looked at what they show.

    Each keeps a thread meanwhile. So of strangers only some wait, and the others are told to come
    back; whoever is no stranger always finds a place.
    """

    def __init__(self, most_strangers: int = 8) -> None:
        self._most_strangers = most_strangers
        self._turns: dict[Hashable, _Turn] = {}
        self._lock = threading.Lock()

    @contextmanager
    def pass_through(self, shown: Hashable, *, is_stranger: bool) -> Iterator[None]:
        """Waits while others who show the same are looked at. Raises ServerBusy."""
        turn = self._enter(shown, is_stranger)
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.callers -= 1
                if not turn.callers:
                    del self._turns[shown]

    def _enter(self, shown: Hashable, is_stranger: bool) -> _Turn:
        with self._lock:
            turn = self._turns.get(shown)
            if turn is None:
                strangers = sum(one.is_stranger for one in self._turns.values())
                if is_stranger and strangers >= self._most_strangers:
                    raise ServerBusy(
                        "many callers wait to be recognised: repeat the call in some seconds"
                    )
                turn = self._turns[shown] = _Turn(is_stranger)
            turn.callers += 1
            return turn
