"""Control totals: what a controller adds up on both sides before believing anything."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bridge.domain.records import RecordType, System


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotal:
    """The records of one system, type and currency, added up.

    `amounts` holds the sums by column name (`amount`, `net_amount`, `tax_amount`, `open_amount`),
    added before any rounding. `hash_total` is the sum of `key_hash` over the records: it differs
    where the same count and amount come from other records. Records without a currency are listed
    under "XXX", ISO 4217's code for none.
    """

    record_type: RecordType
    system: System
    currency: str
    count: int
    amounts: dict[str, Decimal]
    hash_total: int


@dataclass(frozen=True, slots=True)
class TotalsRow:
    """Both sides of one record type and currency, and what lies between them (ERP - CRM)."""

    record_type: RecordType
    currency: str
    erp: ControlTotal
    crm: ControlTotal

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


def side_by_side(totals: Iterable[ControlTotal]) -> list[TotalsRow]:
    """Pairs both systems' totals by record type and currency; a missing side counts as zero."""
    found = {(total.record_type, total.currency, total.system): total for total in totals}
    pairs = sorted({key[:2] for key in found}, key=lambda pair: (_RANK[pair[0]], pair[1]))
    rows = []
    for record_type, currency in pairs:
        erp = found.get((record_type, currency, System.ERP))
        crm = found.get((record_type, currency, System.CRM))
        present = erp or crm
        assert present is not None
        rows.append(
            TotalsRow(
                record_type,
                currency,
                erp or _empty_like(present, System.ERP),
                crm or _empty_like(present, System.CRM),
            )
        )
    return rows


def _empty_like(total: ControlTotal, system: System) -> ControlTotal:
    return ControlTotal(
        record_type=total.record_type,
        system=system,
        currency=total.currency,
        count=0,
        amounts=dict.fromkeys(total.amounts, Decimal(0)),
        hash_total=0,
    )


_RANK = {record_type: rank for rank, record_type in enumerate(RecordType)}
