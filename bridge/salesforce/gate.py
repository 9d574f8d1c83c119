"""The gate before an org: few calls at once, few a second, and none while it is away.

One gate serves all clients of a process. Salesforce lets an org have 25 calls at once that take
longer than 20 seconds, 5 in a Developer Edition (SOAP API Developer Guide, "API Limits").
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore, Lock

import structlog

from bridge.salesforce.budget import OverBudget
from bridge.salesforce.faults import AWAY, SalesforceError
from bridge.salesforce.settings import SalesforceSettings
from bridge.salesforce.surroundings import Surroundings

CIRCUIT_OPEN = "CIRCUIT_OPEN"

log = structlog.get_logger(__name__)


class CircuitOpen(SalesforceError):
    """So many calls failed one after the other that the org is left alone `until` then."""

    def __init__(self, last_code: str, failures: int, until: datetime) -> None:
        super().__init__(
            CIRCUIT_OPEN,
            f"{failures} calls failed one after the other, the last with {last_code}: not called"
            f" again before {until.astimezone(UTC):%H:%M:%S}Z",
        )
        self.until = until


class Gate:
    """Lets calls of many threads through, each when its turn comes."""

    def __init__(self, settings: SalesforceSettings, surroundings: Surroundings) -> None:
        self._slots = BoundedSemaphore(settings.concurrent_calls)
        self._turns = _Turns(settings.calls_per_second, surroundings)
        self._circuit = _Circuit(settings, surroundings)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Takes note of how the org answers. Raises CircuitOpen where it is not to be asked."""
        self._circuit.check()
        try:
            yield
        except OverBudget:
            raise  # the org was not asked
        except SalesforceError as error:
            self._circuit.note(error)
            raise
        self._circuit.close()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Room for one call, when its turn has come."""
        with self._slots:
            self._turns.wait()
            yield


class _Turns:
    """A bucket of one second's turns, which fills up as time goes by."""

    def __init__(self, per_second: float, surroundings: Surroundings) -> None:
        self._per_second = per_second
        self._around = surroundings
        self._lock = Lock()
        self._left = max(per_second, 1.0)
        self._filled_at = surroundings.ticks()

    def wait(self) -> None:
        with self._lock:
            now = self._around.ticks()
            grown = self._left + (now - self._filled_at) * self._per_second
            self._left = min(grown, max(self._per_second, 1.0)) - 1
            self._filled_at = now
            missing = -self._left / self._per_second
        if missing > 0:
            self._around.sleep(missing)


class _Circuit:
    """Opens after failures in a row; once its pause is over, one call at a time may try."""

    def __init__(self, settings: SalesforceSettings, surroundings: Surroundings) -> None:
        self._opens_after = settings.circuit_failures
        self._pause = timedelta(seconds=settings.circuit_pause_seconds)
        self._now = surroundings.now
        self._lock = Lock()
        self._failures = 0
        self._last_code = ""
        self._until = surroundings.now()

    def check(self) -> None:
        with self._lock:
            if self._failures < self._opens_after:
                return
            now = self._now()
            if now < self._until:
                raise CircuitOpen(self._last_code, self._failures, self._until)
            self._until = now + self._pause  # this call tries; the others wait for what it finds

    def note(self, error: SalesforceError) -> None:
        if error.code not in AWAY:
            self.close()
            return
        with self._lock:
            self._failures += 1
            self._last_code = error.code
            if self._failures >= self._opens_after:
                self._until = self._now() + self._pause
                log.warning("salesforce_left_alone", failures=self._failures, code=error.code)

    def close(self) -> None:
        with self._lock:
            if self._failures >= self._opens_after:
                log.info("salesforce_is_back", after_failures=self._failures)
            self._failures = 0
