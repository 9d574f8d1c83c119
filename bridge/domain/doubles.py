"""Documents that the ERP may have sent under two keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.domain.causes import Assessment, Cause
from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordKey
from bridge.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """One of several documents with the same company, customer, currency and amount."""

    record_id: int
    key: RecordKey
    day: date
    currency: str
    amount: Decimal


def doubles(alike: Sequence[Alike], within_days: int) -> Iterator[tuple[int, Break, Assessment]]:
    """(Record id, break, why) of each but the first of those that lie close together.

    `within_days`: so near are the days of a document and its double, at most. The order of the
    documents makes no difference.
    """
    ordered = sorted(alike, key=lambda one: (one.day, one.key))
    for place, one in enumerate(ordered):
        near = [other for other in ordered[:place] if (one.day - other.day).days <= within_days]
        if near:
            keys = ", ".join(str(other.key) for other in near)
            apart = counted((one.day - near[-1].day).days, "day")
            evidence = f"same customer, currency and amount as {keys}, {apart} apart"
            found = Break(BreakKind.DUPLICATE_IN_ERP, f"looks like {keys} in the ERP", erp=keys)
            yield (
                one.record_id,
                found,
                Assessment(Cause.DUPLICATE, evidence, one.amount, one.currency),
            )
