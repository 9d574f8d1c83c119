"""Documents of the CRM that the ERP seems to have under another number."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from bridge.domain.content import decode_values
from bridge.domain.periods import document_day
from bridge.domain.records import RecordType, System
from bridge.store.models import Record, Version
from bridge.store.records import key_of_row
from bridge.store.statements import chunks

_NEAR_DAYS = 10
"""Documents of one amount that lie further apart are bills of their own: rents, instalments."""


def twins_of(
    session: Session, record_type: RecordType, record_ids: Sequence[int]
) -> dict[int, list[str]]:
    """The ERP's documents that look like these of the CRM: record id -> what they are.

    They have the same customer, currency and amount, a day near by, and another number.
    """
    erp, crm = aliased(Version), aliased(Version)
    found: dict[int, list[str]] = {}
    for some in chunks(record_ids):
        query = (
            select(crm, erp, Record)
            .join(
                erp,
                (erp.customer_number == crm.customer_number)
                & (erp.currency == crm.currency)
                & (erp.amount == crm.amount),
            )
            .join(Record, Record.id == erp.record_id)
            .where(
                crm.record_id.in_(some),
                crm.system == System.CRM,
                erp.system == System.ERP,
                erp.deleted.is_(False),
                # Not by its index: SQLite would begin with all records of the type.
                func.coalesce(Record.record_type, "") == record_type,
                Record.id != crm.record_id,
            )
            .order_by(crm.record_id, Record.id)
        )
        for stranger, twin, record in session.execute(query):
            days = [_day_of(record_type, one) for one in (stranger, twin)]
            if _are_near(*days):
                of_day = f" of {days[1]}" if days[1] else ""
                shown = f"{key_of_row(record)}{of_day}"
                found.setdefault(stranger.record_id, []).append(shown)
    return found


def _day_of(record_type: RecordType, row: Version) -> date | None:
    return document_day(decode_values(record_type, row.content))


def _are_near(one: date | None, other: date | None) -> bool:
    """A day that is not told may be any."""
    return one is None or other is None or abs((one - other).days) <= _NEAR_DAYS
