"""Control totals, added up by the database in integers of ten-thousandths."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, exists, func, insert, literal, select, type_coerce
from sqlalchemy.orm import Session

from bridge.domain import totals
from bridge.domain.money import from_scaled
from bridge.domain.records import AMOUNT_COLUMNS, RecordType, System
from bridge.store import models
from bridge.store.models import Record, Version

_COLUMNS = ("amount", "net_amount", "tax_amount", "open_amount")


def add_up(
    session: Session,
    record_type: RecordType,
    *,
    strangers: bool,
    measured: Sequence[str] | None = None,
    periods: bool = True,
) -> list[totals.ControlTotal]:
    """Both sides' totals of a record type, per company, currency and period.

    `strangers` tells whether records that only the CRM has, without an ERP key, count. `measured`
    are the amounts that both sides hold, by column name; all of the type unless told. Without
    `periods` all months are added up together.
    """
    period = Version.period if periods else literal("")
    sums = [part for name in _COLUMNS for part in exact_sum(getattr(Version, name))]
    query = (
        select(
            Version.system,
            _COMPANY,
            Version.currency,
            period,
            func.count(),
            func.sum(Record.key_hash),
            *sums,
        )
        .join(Record, Record.id == Version.record_id)
        .where(
            Record.record_type == record_type,
            Version.system.in_((System.ERP, System.CRM)),
            Version.deleted.is_(False),
        )
        .group_by(Version.system, _COMPANY, Version.currency, period)
    )
    if not strangers:
        query = query.where(Record.number.is_not(None))
    if measured is None:
        measured = [name for name in _COLUMNS if name in AMOUNT_COLUMNS[record_type]]
    return [_total(record_type, measured, tuple(row)) for row in session.execute(query)]


def save_totals(
    session: Session,
    run_id: int,
    found: Sequence[totals.ControlTotal],
    explained: Sequence[totals.Explained] = (),
) -> None:
    """Keeps a run's totals, and what it explained of their differences."""
    for model, ones in ((models.ControlTotal, found), (models.ExplainedTotal, explained)):
        rows = [{"run_id": run_id, **_row(one)} for one in ones]
        if rows:
            session.execute(insert(model), rows)


def totals_of_run(session: Session, run_id: int) -> list[totals.ControlTotal]:
    """The totals that a run kept."""
    query = select(models.ControlTotal).where(models.ControlTotal.run_id == run_id)
    return [totals.ControlTotal(system=row.system, **_kept(row)) for row in session.scalars(query)]


def totals_until(session: Session, record_type: RecordType) -> datetime | None:
    """Up to when runs have compared all records of a type: each that does keeps its totals."""
    kept = exists().where(
        models.ControlTotal.run_id == models.Run.id, models.ControlTotal.record_type == record_type
    )
    newest_first = select(models.Run.until).order_by(models.Run.id.desc())
    return session.scalar(
        newest_first.where(models.Run.status == models.RunStatus.SUCCEEDED, kept).limit(1)
    )


def explained_by_run(session: Session, run_id: int) -> list[totals.Explained]:
    """What a run explained of the differences of its totals."""
    query = select(models.ExplainedTotal).where(models.ExplainedTotal.run_id == run_id)
    return [totals.Explained(reason=row.reason, **_kept(row)) for row in session.scalars(query)]


def _row(one: totals.ControlTotal | totals.Explained) -> dict[str, Any]:
    plain: dict[str, Any] = {field.name: getattr(one, field.name) for field in fields(one)}
    amounts: dict[str, Decimal] = plain.pop("amounts")
    return plain | dict.fromkeys(_COLUMNS, Decimal(0)) | amounts


def _kept(row: models.ControlTotal | models.ExplainedTotal) -> dict[str, Any]:
    return {
        "record_type": row.record_type,
        "company_code": row.company_code,
        "currency": row.currency,
        "period": row.period,
        "count": row.count,
        "amounts": {name: getattr(row, name) for name in AMOUNT_COLUMNS[row.record_type]},
        "hash_total": row.hash_total,
    }


def _total(
    record_type: RecordType, measured: Sequence[str], row: tuple[Any, ...]
) -> totals.ControlTotal:
    system, company_code, currency, period, count, hash_total, *parts = row
    sums = [joined_sum(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
    by_name = dict(zip(_COLUMNS, sums, strict=True))
    return totals.ControlTotal(
        record_type=record_type,
        system=system,
        company_code=company_code,
        currency=currency,
        period=period,
        count=count,
        amounts={name: from_scaled(by_name[name]) for name in measured},
        hash_total=int(hash_total),
    )


def exact_sum(amount: Any) -> tuple[Any, Any]:
    """An amount's sum in two columns, of its upper and lower digits: they never overflow 64 bits.

    `joined_sum` puts them together.
    """
    scaled = type_coerce(amount, BigInteger)
    return func.sum(scaled.op("/")(_SPLIT)), func.sum(scaled.op("%")(_SPLIT))


def joined_sum(high: Any, low: Any) -> int:
    """The sum behind the two columns of `exact_sum`, in ten-thousandths."""
    return int(high or 0) * _SPLIT + int(low or 0)


_SPLIT = 1_000_000_000
_COMPANY = func.coalesce(Record.company_code, "")
