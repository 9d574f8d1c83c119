"""The rules in force, and the fate that they give to each call."""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.sandbox.errors import ApiFault, RowError
from bridge.sandbox.faults.file import NO_FAULTS, FaultRules
from bridge.sandbox.faults.rules import FaultRule, Kind

_LOCKED = "unable to obtain exclusive access to this record"
_WORDING = {
    "QUERY_TIMEOUT": "Your query request was running for too long.",
    "REQUEST_LIMIT_EXCEEDED": "TotalRequests Limit exceeded.",
    "SERVER_UNAVAILABLE": "The service is temporarily unavailable.",
    "UNABLE_TO_LOCK_ROW": _LOCKED,
}
_ANY_WORDS = "The sandbox was told to refuse this."


class Ending(StrEnum):
    """What becomes of the answer on its way."""

    WHOLE = "whole"
    CUT = "cut"
    LOST = "lost"


@dataclass
class Fate:
    """What befalls one call."""

    latency_seconds: float = 0.0
    http_status: int = 0
    refusal: ApiFault | None = None
    ends_session: bool = False
    ends_locator: bool = False
    late_commit_seconds: float = 0.0
    ending: Ending = Ending.WHOLE
    _row_faults: list["_RowFault"] = field(default_factory=list)

    def row_error(self, record_id: str) -> RowError | None:
        """What befalls the next row of the call; ask once for each, in their order."""
        errors = [fault.error(record_id) for fault in self._row_faults]
        return next((error for error in errors if error), None)

    def add(self, rule: FaultRule, chance: random.Random) -> None:
        match rule.kind:
            case Kind.LATENCY:
                self.latency_seconds += rule.seconds
            case Kind.HTTP:
                self.http_status = rule.status
            case Kind.FAULT:
                words = rule.message or _WORDING.get(rule.code, _ANY_WORDS)
                self.refusal = ApiFault(rule.code, words)
            case Kind.SESSION:
                self.ends_session = True
            case Kind.LOCATOR:
                self.ends_locator = True
            case Kind.ROW:
                self._row_faults.append(_RowFault(rule, chance))
            case Kind.LATE_COMMIT:
                self.late_commit_seconds += rule.seconds
            case Kind.RESET:
                self.ending = Ending.CUT
            case Kind.LOST:
                self.ending = Ending.LOST


@dataclass(frozen=True)
class _RowFault:
    rule: FaultRule
    chance: random.Random

    def error(self, record_id: str) -> RowError | None:
        if self.chance.random() >= self.rule.share:
            return None
        words = self.rule.message or _WORDING.get(self.rule.code, _ANY_WORDS)
        if words is _LOCKED and record_id:
            words = f"{_LOCKED} or 1 records: {record_id}"
        return RowError(self.rule.code, words)


class FaultPlan:
    """Rules that can be changed while the server runs.

    A call's fate depends on the seed, the rule, the operation and the number of the call among
    those of its operation: what other operations do at the same time changes nothing.
    """

    def __init__(self, rules: FaultRules = NO_FAULTS) -> None:
        self._lock = threading.Lock()
        self.replace(rules)

    def replace(self, rules: FaultRules) -> None:
        """Put other rules in force; counting begins anew."""
        with self._lock:
            self._rules = rules
            self._calls: Counter[str] = Counter()
            self._met: Counter[int] = Counter()

    def draw(self, operation: str) -> Fate:
        """The fate of the next call of an operation."""
        fate = Fate()
        with self._lock:
            self._calls[operation] += 1
            number = self._calls[operation]
            for index, rule in enumerate(self._rules.rules):
                chance = self._chance(index, rule, operation, number)
                if chance is not None:
                    self._met[index] += 1
                    fate.add(rule, chance)
        return fate

    def report(self) -> tuple[FaultRules, list[int]]:
        """The rules in force, and how many calls each has befallen."""
        with self._lock:
            return self._rules, [self._met[n] for n in range(len(self._rules.rules))]

    def _chance(
        self, index: int, rule: FaultRule, operation: str, number: int
    ) -> random.Random | None:
        """The dice of a call that the rule befalls, None where it does not."""
        if not rule.concerns(operation) or (rule.calls and number not in rule.calls):
            return None
        dice = random.Random(f"{self._rules.seed}/{index}/{operation}/{number}")  # noqa: S311
        if rule.kind is Kind.ROW or rule.calls or dice.random() < rule.share:
            return dice
        return None
