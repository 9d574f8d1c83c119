"""What a consumer's rights let through: which calls, from where, and how many."""

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bridge import BridgeError
from bridge.domain.records import RecordType
from bridge.operations.addresses import address_of
from bridge.operations.credentials import Consumer
from bridge.operations.rights import Network, is_permitted_company
from bridge.wording import counted

_WINDOW_SECONDS = 60.0


class NotPermitted(BridgeError):
    """The consumer's rights do not allow this."""


class TooManyCalls(BridgeError):
    """The consumer calls more often, or more at once, than its rights allow."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ServerBusy(BridgeError):
    """No room for a call: too much of others waits."""

    retry_after_seconds = 5


def require_network(consumer: Consumer, *, address: str) -> None:
    """Raises NotPermitted unless the consumer may call from this IP address."""
    networks = consumer.rights.networks
    if networks and not _is_within(address, networks):
        raise NotPermitted(f"{consumer.name} may not call from the address {address}")


def require_permitted(
    consumer: Consumer, *, operation: str, record_type: RecordType | None = None
) -> None:
    """Raises NotPermitted unless the consumer may call this operation.

    And, where the call is about a record type, with this one.
    """
    rights = consumer.rights
    if rights.operations and operation not in rights.operations:
        raise NotPermitted(f"{consumer.name} may not call {operation}")
    if rights.record_types and record_type and record_type not in rights.record_types:
        raise NotPermitted(f"{consumer.name} may not call {operation} for {record_type}")


def require_company(companies: frozenset[str], company_code: str) -> None:
    """Raises NotPermitted unless a company is one of the rights' company codes."""
    if not is_permitted_company(companies, company_code):
        raise NotPermitted(f"this consumer may not see records of company {company_code}")


class Admission:
    """Counts calls, and lets through as many as the rights allow.

    Each server process counts for itself, so each gives its share: the limit divided by their
    number, rounded up. So many calls at most start within any 60 seconds, those aside that are
    refused here.
    """

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._counts: dict[str, _Count] = {}
        self._lock = threading.Lock()

    @contextmanager
    def admit(self, consumer: Consumer, *, at: float) -> Iterator[None]:
        """Counts a call while it lasts; `at` are seconds of a monotonic clock.

        Raises TooManyCalls.
        """
        with self._lock:
            count = self._counts.setdefault(consumer.name, _Count())
            self._require_room(consumer, count, at)
        try:
            yield
        finally:
            with self._lock:
                count.running -= 1

    def _require_room(self, consumer: Consumer, count: "_Count", at: float) -> None:
        at_once, per_minute = consumer.rights.calls_at_once, consumer.rights.calls_per_minute
        if at_once is not None and count.running >= share_of(at_once, self._workers):
            limit = counted(at_once, "call")
            raise TooManyCalls(f"{consumer.name} may make {limit} at once", 1)
        if per_minute is not None:
            wait = count.seconds_until_free(share_of(per_minute, self._workers), at)
            if wait > 0:
                message = f"{consumer.name} may make {counted(per_minute, 'call')} a minute"
                raise TooManyCalls(message, max(1, math.ceil(wait)))
            count.started.append(at)
        count.running += 1


def share_of(limit: int, workers: int) -> int:
    """What each of the server's processes lets through of a limit for all: rounded up."""
    return math.ceil(limit / workers)


@dataclass(slots=True)
class _Count:
    """How many calls of a consumer run, and when those of the last minute started."""

    running: int = 0
    started: deque[float] = field(default_factory=deque)

    def seconds_until_free(self, most: int, at: float) -> float:
        while self.started and self.started[0] <= at - _WINDOW_SECONDS:
            self.started.popleft()
        if len(self.started) < most:
            return 0
        return self.started[len(self.started) - most] + _WINDOW_SECONDS - at


def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    found = address_of(address)
    return found is not None and any(found in network for network in networks)
