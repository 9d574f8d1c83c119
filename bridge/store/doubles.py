"""Documents of the ERP that look alike."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from bridge.domain.content import decode_values
from bridge.domain.doubles import Alike
from bridge.domain.periods import document_day
from bridge.domain.records import RecordType, System
from bridge.store.documents import VOID
from bridge.store.models import Record, Version
from bridge.store.records import key_of_row

_AT_ONCE = 5_000


def alike_documents(session: Session, record_type: RecordType) -> Iterator[list[Alike]]:
    """Groups of several with the same company, customer, currency and amount; zero aside.

    And void: one that was cancelled and issued anew stands there once.
    """
    same = (Record.company_code, Version.customer_number, Version.currency, Version.amount)
    of_erp = (
        Record.record_type == record_type,
        Version.system == System.ERP,
        Version.deleted.is_(False),
        Version.amount != Decimal(0),
        Version.content.not_like(VOID),
    )
    several = (
        select(*same)
        .join(Record, Record.id == Version.record_id)
        .where(*of_erp)
        .group_by(*same)
        .having(func.count() > 1)
        .subquery()
    )
    pairs = zip(same, several.columns, strict=True)
    query = (
        select(Record, Version)
        .join(Version, Version.record_id == Record.id)
        .join(several, and_(*(one == other for one, other in pairs)))
        .where(*of_erp)
        .order_by(*same)
        .execution_options(yield_per=_AT_ONCE)
    )
    for _, group in groupby(session.execute(query), key=lambda row: _group_of(*row)):
        yield [one for row in group if (one := _alike(record_type, *row)) is not None]


def _group_of(record: Record, version: Version) -> tuple[object, ...]:
    return (record.company_code, version.customer_number, version.currency, version.amount)


def _alike(record_type: RecordType, record: Record, version: Version) -> Alike | None:
    key, day = key_of_row(record), document_day(decode_values(record_type, version.content))
    if key is None or day is None or version.amount is None:
        return None
    return Alike(
        record_id=record.id,
        key=key,
        day=day,
        currency=version.currency,
        amount=version.amount,
    )
