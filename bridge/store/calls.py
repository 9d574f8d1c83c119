"""The trail of calls: one row each, kept for a while."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from bridge.store.models import Call

OK = "ok"
"""The outcome of a call that was answered by no fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One answered call.

    `consumer` is None where nobody was recognised, `operation` and `message_id` where the call has
    none. `outcome` is "ok" or the fault's code. `envelope` is the request without its secrets,
    where it is kept. Texts that are longer than their column are cut.
    """

    at: datetime
    consumer: str | None
    address: str
    operation: str | None
    message_id: str | None
    request_bytes: int
    answer_bytes: int
    seconds: float
    outcome: str
    correlation_id: str
    envelope: bytes | None = None


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call in the trail. Lists leave the envelope itself out."""

    id: int
    row: CallRow
    has_envelope: bool


@dataclass(frozen=True, slots=True)
class CallCount:
    """How many calls of an operation had an outcome; when and from which address the last came."""

    outcome: str
    count: int
    last_at: datetime
    last_address: str


def add_calls(session: Session, rows: Sequence[CallRow]) -> None:
    """Adds calls to the trail."""
    session.execute(insert(Call), [_column_values(row) for row in rows])


def list_calls(
    session: Session,
    *,
    consumer: str | None = None,
    since: datetime | None = None,
    failed: bool = False,
    limit: int,
) -> list[KeptCall]:
    """Calls, newest first: a consumer's, since an instant, only those that ended in a fault."""
    query = select(*_COLUMNS, Call.envelope.is_not(None))
    if consumer is not None:
        query = query.where(Call.consumer == consumer)
    if since is not None:
        query = query.where(Call.at >= since)
    if failed:
        query = query.where(Call.outcome != OK)
    rows = session.execute(query.order_by(Call.id.desc()).limit(limit))
    return [KeptCall(row[0], CallRow(**_named(row[1:-1])), bool(row[-1])) for row in rows]


def count_outcomes(session: Session, *, operation: str, since: datetime) -> list[CallCount]:
    """The calls of an operation since an instant, by what came of them."""
    counted = (
        select(Call.outcome, func.count().label("count"), func.max(Call.id).label("last_id"))
        .where(Call.operation == operation, Call.at >= since)
        .group_by(Call.outcome)
        .subquery()
    )
    query = (
        select(counted.c.outcome, counted.c.count, Call.at, Call.address)
        .join(Call, Call.id == counted.c.last_id)
        .order_by(counted.c.outcome)
    )
    return [CallCount(*row) for row in session.execute(query)]


def find_call(session: Session, call_id: int) -> KeptCall | None:
    """One call with its envelope."""
    row = session.execute(select(*_COLUMNS, Call.envelope).where(Call.id == call_id)).first()
    if row is None:
        return None
    envelope = None if row[-1] is None else zlib.decompress(row[-1])
    kept = CallRow(**_named(row[1:-1]), envelope=envelope)
    return KeptCall(row[0], kept, envelope is not None)


def last_call_at(session: Session, consumer: str) -> datetime | None:
    """When a consumer called last, as far as the trail reaches."""
    query = select(Call.at).where(Call.consumer == consumer)
    return session.scalar(query.order_by(Call.id.desc()).limit(1))


def purge_calls(session: Session, *, before: datetime, limit: int) -> int:
    """Forgets the oldest calls before this instant, so many at most; tells how many."""
    oldest = _oldest(before, limit)
    return _count(session.execute(delete(Call).where(Call.id.in_(oldest))))


def purge_envelopes(session: Session, *, before: datetime, limit: int) -> int:
    """Forgets the envelopes of the oldest calls before this instant, so many at most."""
    oldest = _oldest(before, limit).where(Call.envelope.is_not(None))
    return _count(session.execute(update(Call).where(Call.id.in_(oldest)).values(envelope=None)))


def _oldest(before: datetime, limit: int) -> Any:
    return select(Call.id).where(Call.at < before).order_by(Call.at).limit(limit)


def _count(result: Any) -> int:
    return int(getattr(result, "rowcount", 0))


_NAMES = (
    "at",
    "consumer",
    "address",
    "operation",
    "message_id",
    "request_bytes",
    "answer_bytes",
    "seconds",
    "outcome",
    "correlation_id",
)
_COLUMNS = (Call.id, *(getattr(Call, name) for name in _NAMES))


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(_NAMES, values, strict=True))


def _column_values(row: CallRow) -> dict[str, Any]:
    values = {name: _fitting(name, getattr(row, name)) for name in _NAMES}
    envelope = None if row.envelope is None else zlib.compress(row.envelope)
    return {**values, "envelope": envelope}


def _fitting(name: str, value: Any) -> Any:
    """A text without what a database refuses, and as long as its column; others as they are."""
    if not isinstance(value, str):
        return value
    column: Any = Call.__table__.c[name].type
    if not value.isprintable():
        value = "".join(one if one.isprintable() else "?" for one in value)
    return value[: column.length]
