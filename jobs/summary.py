"""What a reconciliation reports of itself: decisions by type, totals of both sides, the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bridge.domain.decisions import BreakKind
from bridge.domain.records import RecordType, System
from bridge.domain.totals import ControlTotal, Explained, rolled_up, side_by_side
from bridge.matching.finding import LinkSummary


@dataclass(slots=True, kw_only=True)
class TypeSummary:
    """What a run decided for one record type.

    `differing` records were looked at, the others agree. `corrections` and `waiting` (staged by an
    earlier run, not delivered yet) count by target system, `dead` those given up earlier.
    `breaks_open` are those that count, `breaks_not_counted_yet` wait for a side that is only late.
    """

    records: int = 0
    differing: int = 0
    corrections: dict[System, int] = field(default_factory=dict)
    waiting: dict[System, int] = field(default_factory=dict)
    dead: int = 0
    withdrawn: int = 0
    breaks_open: dict[BreakKind, int] = field(default_factory=dict)
    breaks_not_counted_yet: dict[BreakKind, int] = field(default_factory=dict)
    breaks_opened: int = 0
    breaks_cleared: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsLine:
    """Both sides of one type and currency: count, amounts by column, hash total."""

    record_type: RecordType
    currency: str
    erp: dict[str, Decimal | int]
    crm: dict[str, Decimal | int]
    difference: dict[str, Decimal | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexplainedLine:
    """What no record accounts for in one place: it should not be there."""

    record_type: RecordType
    company_code: str
    currency: str
    period: str
    difference: dict[str, Decimal | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileSummary:
    """What a reconciliation found."""

    types: dict[RecordType, TypeSummary]
    totals: list[TotalsLine]
    unexplained: list[UnexplainedLine]
    links: LinkSummary | None = None


def total_lines(totals: Sequence[ControlTotal]) -> list[TotalsLine]:
    """Both sides of each type and currency, companies and months together."""
    return [
        TotalsLine(
            record_type=row.record_type,
            currency=row.currency,
            erp=_figures(row.erp),
            crm=_figures(row.crm),
            difference={
                "count": row.erp.count - row.crm.count,
                **row.differences,
                "hash_total": row.erp.hash_total - row.crm.hash_total,
            },
        )
        for row in side_by_side(rolled_up(totals))
    ]


def unexplained_lines(rests: Sequence[Explained]) -> list[UnexplainedLine]:
    """What `bridge.domain.totals.unexplained` found."""
    return [
        UnexplainedLine(
            record_type=rest.record_type,
            company_code=rest.company_code,
            currency=rest.currency,
            period=rest.period,
            difference={"count": rest.count, **rest.amounts, "hash_total": rest.hash_total},
        )
        for rest in rests
    ]


def _figures(total: ControlTotal) -> dict[str, Decimal | int]:
    return {"count": total.count, **total.amounts, "hash_total": total.hash_total}
