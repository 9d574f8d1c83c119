"""How many calls a run has made, and how many it may make of the org's daily allowance."""

from collections import Counter
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from bridge.salesforce.faults import SalesforceError
from bridge.salesforce.settings import SalesforceSettings
from bridge.salesforce.surroundings import Surroundings
from bridge.salesforce.wire import ApiLimit

QUERIES = frozenset({"query", "queryAll", "queryMore"})
_WRITES = frozenset({"upsert", "update"})
_ASK_AGAIN_AFTER = timedelta(minutes=15)  # what is known of the org's usage gets old


class OverBudget(SalesforceError):
    """One more call would take the org past the share that the settings leave to the bridge."""

    def __init__(self, message: str) -> None:
        super().__init__("OVER_BUDGET", message)


class Calls(NamedTuple):
    """SOAP calls sent, by kind: each costs one of the org's daily API calls (logins do not)."""

    queries: int = 0  # queryMore included
    upserts: int = 0  # updates included
    other: int = 0

    def since(self, earlier: "Calls") -> "Calls":
        """The calls made between two readings."""
        return Calls(*(now - then for now, then in zip(self, earlier, strict=True)))


class Usage:
    """The org's API usage as its last answer stated it (LimitInfoHeader), for all runs alike."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._now = surroundings.now
        self._told: tuple[ApiLimit, datetime] | None = None

    def note(self, limit: ApiLimit | None) -> None:
        """Keeps what an answer said, if it said anything."""
        if limit is not None:
            self._told = limit, self._now()

    @property
    def limit(self) -> ApiLimit | None:
        """What was told last, however long ago."""
        return self._told[0] if self._told else None

    def fresh(self) -> ApiLimit | None:
        """What was told lately: nothing, if that was so long ago that a call has to ask again."""
        if self._told is None or self._now() - self._told[1] > _ASK_AGAIN_AFTER:
            return None
        return self._told[0]


class Meter:
    """The calls of one run, and what was tried again, by error code."""

    def __init__(self, settings: SalesforceSettings, usage: Usage) -> None:
        self._settings = settings
        self._usage = usage
        self._lock = Lock()
        self._calls = Calls()
        self._retries: Counter[str] = Counter()

    @property
    def calls(self) -> Calls:
        """Calls so far, repeated ones included."""
        return self._calls

    @property
    def retries(self) -> dict[str, int]:
        """How often an error of each code led to another attempt."""
        return dict(self._retries)

    def admit(self, operation: str) -> None:
        """Counts a call that is about to be made. Raises OverBudget where it must not."""
        with self._lock:
            limit = self._usage.fresh()
            if limit is not None:
                _refuse(sum(self._calls), limit, self._settings)
            queries, upserts, other = self._calls
            if operation in QUERIES:
                queries += 1
            elif operation in _WRITES:
                upserts += 1
            else:
                other += 1
            self._calls = Calls(queries, upserts, other)

    def retried(self, code: str) -> None:
        """Counts an error that is met by another attempt."""
        with self._lock:
            self._retries[code] += 1


def _refuse(made: int, limit: ApiLimit, settings: SalesforceSettings) -> None:
    """Raises OverBudget where the next call would go past a share."""
    if made >= settings.max_share_per_run * limit.limit:
        raise OverBudget(
            f"this run has made {made:,} calls, and may make {settings.max_share_per_run:.3g} of"
            f" the org's {limit.limit:,} in 24 hours: see max_share_per_run"
        )
    if limit.current >= settings.max_share_in_all * limit.limit:
        raise OverBudget(
            f"the org has made {limit.current:,} of its {limit.limit:,} calls in 24 hours, and the"
            f" bridge stops at {settings.max_share_in_all:.3g} of them: see max_share_in_all"
        )
