"""A memory that forgets: bounded in size and time."""

import threading
from datetime import datetime
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """What was learned, each until its time; the oldest gives way where there are too many.

    A clock that was set back makes it forget, so that nothing is remembered for longer than meant.
    """

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._entries: dict[K, tuple[V, datetime, datetime]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are kept, forgotten ones that were not asked for included."""
        return len(self._entries)

    def get(self, key: K, now: datetime) -> V | None:
        """What is remembered, or None."""
        value, since, until = self._entries.get(key, (None, now, now))
        return value if since <= now < until else None

    def put(self, key: K, value: V, *, now: datetime, until: datetime) -> None:
        """Remembers a value until an instant."""
        with self._lock:
            self._entries.pop(key, None)  # so that the order is by age
            self._entries[key] = (value, now, until)
            while len(self._entries) > self._most:
                del self._entries[next(iter(self._entries))]
