"""Control totals: what a controller adds up on both sides before believing anything.

Totals are kept by record type, company, currency and period, so that a difference is found where
it arose. What lies between both sides is explained record by record (`Explained`); what then is
left has no reason, and must be zero.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from bridge.domain.periods import document_day
from bridge.domain.records import RecordType, System, Value, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotal:
    """The records of one system, type, company, currency and period, added up.

    `company_code` is empty where the type has none, or where companies are added up; `period` is
    the month of a document's date as YYYY-MM, empty likewise.

    `amounts` holds the sums by column name (`amount`, `net_amount`, `tax_amount`, `open_amount`),
    added before any rounding. `hash_total` is the sum of `key_hash` over the records: it differs
    where the same count and amount come from other records. Records without a currency are listed
    under "XXX", ISO 4217's code for none.
    """

    record_type: RecordType
    system: System
    company_code: str = ""
    currency: str
    period: str = ""
    count: int
    amounts: dict[str, Decimal]
    hash_total: int

    @property
    def place(self) -> "Place":
        """Where it belongs, whichever system it is of."""
        return (self.record_type, self.company_code, self.currency, self.period)


Place = tuple[RecordType, str, str, str]
"""Record type, company code, currency, period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What records with a known reason contribute to the difference between both sides.

    ERP less CRM, like `TotalsRow.differences`. `reason` is a break's kind, or one of the words of
    `jobs.explaining` for what is no break.
    """

    record_type: RecordType
    company_code: str
    currency: str
    period: str
    reason: str
    count: int
    amounts: dict[str, Decimal]
    hash_total: int


@dataclass(frozen=True, slots=True)
class TotalsRow:
    """Both sides of one place, and what lies between them (ERP - CRM)."""

    record_type: RecordType
    currency: str
    erp: ControlTotal
    crm: ControlTotal
    company_code: str = ""
    period: str = ""

    @property
    def differences(self) -> dict[str, Decimal]:
        """ERP's sum minus the CRM's, by column name."""
        return {name: self.erp.amounts[name] - self.crm.amounts[name] for name in self.erp.amounts}

    @property
    def balanced(self) -> bool:
        """Whether count, every sum and the hash total are equal on both sides."""
        return (
            self.erp.count == self.crm.count
            and self.erp.hash_total == self.crm.hash_total
            and not any(self.differences.values())
        )


NO_CURRENCY = "XXX"


def key_hash(text: str) -> int:
    """The share of one record, by its external id, in a hash total: 32 bits."""
    return zlib.crc32(text.encode())


def period_of(values: Values) -> str:
    """The month of a document's date, as YYYY-MM; empty where it has none."""
    return month_of(document_day(values))


def month_of(day: date | None) -> str:
    """The month of a day, as YYYY-MM; empty where there is none."""
    return f"{day:%Y-%m}" if day else ""


def currency_of(values: Values) -> str:
    """The currency that a record is added up under."""
    return currency_code(values.get("currency"))


def currency_code(currency: Value | None) -> str:
    """The same of a value that stands as a currency."""
    return str(currency or NO_CURRENCY)[:3].upper()


def rolled_up(totals: Iterable[ControlTotal]) -> list[ControlTotal]:
    """The totals of all companies and periods together, per record type, currency and system."""
    added: dict[tuple[RecordType, str, System], ControlTotal] = {}
    for total in totals:
        key = (total.record_type, total.currency, total.system)
        before = added.get(key)
        added[key] = replace(
            total,
            company_code="",
            period="",
            count=total.count + (before.count if before else 0),
            amounts=_sum(total.amounts, before.amounts if before else {}),
            hash_total=total.hash_total + (before.hash_total if before else 0),
        )
    return list(added.values())


def side_by_side(totals: Iterable[ControlTotal]) -> list[TotalsRow]:
    """Pairs both systems' totals by place; a missing side counts as zero."""
    found = {(total.place, total.system): total for total in totals}
    places = sorted({place for place, _ in found}, key=lambda place: (_RANK[place[0]], place[1:]))
    return [
        _row(place, found.get((place, System.ERP)), found.get((place, System.CRM)))
        for place in places
    ]


def unexplained(totals: Iterable[ControlTotal], explained: Iterable[Explained]) -> list[Explained]:
    """What no record with a known reason accounts for, by place; empty where all is explained.

    The totals come from adding up all records, the explanations from looking at those that differ:
    a rest means that the two do not tell the same story.
    """
    rests = {
        (row.record_type, row.company_code, row.currency, row.period): _difference(row)
        for row in side_by_side(totals)
    }
    for one in explained:
        place = (one.record_type, one.company_code, one.currency, one.period)
        before = rests.get(place)
        rests[place] = replace(
            before or one,
            reason="",
            count=(before.count if before else 0) - one.count,
            amounts=_sum(
                before.amounts if before else {},
                {name: -amount for name, amount in one.amounts.items()},
            ),
            hash_total=(before.hash_total if before else 0) - one.hash_total,
        )
    return [
        rest
        for rest in rests.values()
        if rest.count or rest.hash_total or any(rest.amounts.values())
    ]


def _difference(row: TotalsRow) -> Explained:
    return Explained(
        record_type=row.record_type,
        company_code=row.company_code,
        currency=row.currency,
        period=row.period,
        reason="",
        count=row.erp.count - row.crm.count,
        amounts=row.differences,
        hash_total=row.erp.hash_total - row.crm.hash_total,
    )


def _sum(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> dict[str, Decimal]:
    names = one or other
    return {name: one.get(name, Decimal(0)) + other.get(name, Decimal(0)) for name in names}


def _row(place: Place, erp: ControlTotal | None, crm: ControlTotal | None) -> TotalsRow:
    present = erp or crm
    assert present is not None
    record_type, company_code, currency, period = place
    return TotalsRow(
        record_type,
        currency,
        erp or _empty_like(present, System.ERP),
        crm or _empty_like(present, System.CRM),
        company_code,
        period,
    )


def _empty_like(total: ControlTotal, system: System) -> ControlTotal:
    return replace(
        total,
        system=system,
        count=0,
        amounts=dict.fromkeys(total.amounts, Decimal(0)),
        hash_total=0,
    )


_RANK = {record_type: rank for rank, record_type in enumerate(RecordType)}
