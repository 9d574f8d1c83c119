"""What lies between both sides' totals, explained record by record while a run decides."""

from collections.abc import Collection, Iterator
from decimal import Decimal

from bridge.domain.decisions import Decision, Version
from bridge.domain.records import AMOUNT_COLUMNS, System
from bridge.domain.survivorship import Rules
from bridge.domain.totals import Explained, Place, currency_of, period_of
from bridge.store.candidates import Candidate

ON_ITS_WAY, DEAD_LETTER = "ON_ITS_WAY", "DEAD_LETTER"
ACCEPTED, TOLERATED = "ACCEPTED", "TOLERATED"
NOT_COUNTED_YET = "NOT_COUNTED_YET"
"""Reasons that are no break: a correction, one that was given up, a person's word, the rules'; and
breaks that wait for a side which is only late."""


def measured_columns(rules: Rules) -> list[str]:
    """The amounts that both sides hold: what one of them does not know has no total."""
    compared = {field.name for field in rules.compared}
    columns = AMOUNT_COLUMNS[rules.record_type].items()
    return [column for column, name in columns if name in compared]


def has_periods(rules: Rules) -> bool:
    """Whether both sides hold the date that makes a document's period."""
    return any(field.name in ("issued_on", "received_on") for field in rules.compared)


class Explanations:
    """Adds up what the records that differ contribute to the difference, by place and reason."""

    def __init__(self, rules: Rules) -> None:
        self._record_type, self._strangers = rules.record_type, rules.expected_in_erp
        self._columns, self._periods = measured_columns(rules), has_periods(rules)
        self._found: dict[tuple[Place, str], _Sum] = {}

    def add(
        self,
        candidate: Candidate,
        decision: Decision,
        *,
        waits: bool = False,
        dead: Collection[tuple[int, System]] = (),
    ) -> None:
        """One record and what was decided of it.

        `waits`: none of its breaks counts yet. `dead` are (record id, target) of dead letters.
        """
        reason = NOT_COUNTED_YET if waits else _reason(candidate, decision, dead)
        for place, sign, side in self._sides(candidate):
            total = self._found.setdefault((place, reason), _Sum(self._columns))
            total.count += sign
            total.hash_total += sign * candidate.key_hash
            for column in self._columns:
                value = side.values.get(AMOUNT_COLUMNS[self._record_type][column])
                if isinstance(value, Decimal):
                    total.amounts[column] += sign * value

    def explained(self) -> list[Explained]:
        """All of it; what cancels out is left aside."""
        return [
            Explained(
                record_type=place[0],
                company_code=place[1],
                currency=place[2],
                period=place[3],
                reason=reason,
                count=total.count,
                amounts=total.amounts,
                hash_total=total.hash_total,
            )
            for (place, reason), total in self._found.items()
            if total.count or total.hash_total or any(total.amounts.values())
        ]

    def _sides(self, candidate: Candidate) -> Iterator[tuple[Place, int, Version]]:
        versions = candidate.versions
        if versions.erp is not None and not versions.erp.deleted:
            yield self._place(candidate, versions.erp), 1, versions.erp
        counts = self._strangers or versions.key is not None
        if versions.crm is not None and not versions.crm.deleted and counts:
            yield self._place(candidate, versions.crm), -1, versions.crm

    def _place(self, candidate: Candidate, side: Version) -> Place:
        key = candidate.versions.key
        company_code = key.company_code if key else ""
        period = period_of(side.values) if self._periods else ""
        return (self._record_type, company_code, currency_of(side.values), period)


class _Sum:
    def __init__(self, columns: Collection[str]) -> None:
        self.count = self.hash_total = 0
        self.amounts = dict.fromkeys(columns, Decimal(0))


def _reason(candidate: Candidate, decision: Decision, dead: Collection[tuple[int, System]]) -> str:
    if decision.breaks:
        return decision.breaks[0].kind
    if any((candidate.record_id, one.target) in dead for one in decision.corrections):
        return DEAD_LETTER
    crm = candidate.versions.crm
    if decision.corrections or (crm is not None and crm.partial):
        return ON_ITS_WAY
    return ACCEPTED if decision.obeyed else TOLERATED
