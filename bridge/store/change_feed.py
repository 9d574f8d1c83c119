"""Corrections for the ERP: offered page by page until it acknowledges them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType, System
from bridge.store.engine import hold_record_type
from bridge.store.models import Outbox, OutboxStatus, Record
from bridge.store.outbox import StagedCorrection, as_staged, mark, with_record
from bridge.store.outbox_conditions import is_gone_from_erp

_LIVE = (OutboxStatus.PENDING, OutboxStatus.SENDING)


def offered_changes(
    session: Session,
    *,
    record_type: RecordType,
    companies: frozenset[str] = frozenset(),
    after: int,
    limit: int,
) -> list[StagedCorrection]:
    """Corrections for the ERP past a sequence number, oldest first, not acknowledged yet.

    Of records of these companies or of no company; without companies, of all. What is gone from
    the ERP cannot be changed there, and is not offered.
    """
    hold_record_type(session, record_type)
    query = with_record(select(Outbox, Record)).where(
        Outbox.target == System.ERP,
        Outbox.record_type == record_type,
        Outbox.status.in_(_LIVE),
        Outbox.id > after,
        _is_of(companies),
        ~is_gone_from_erp(),
    )
    return [as_staged(*row) for row in session.execute(query.order_by(Outbox.id).limit(limit))]


def mark_offered(session: Session, outbox_ids: Sequence[int]) -> None:
    """These have been shown to the ERP: from now on they do not change."""
    mark(session, outbox_ids, status=OutboxStatus.SENDING)


def acknowledgeable(
    session: Session,
    *,
    record_type: RecordType,
    companies: frozenset[str] = frozenset(),
    up_to: int,
) -> list[StagedCorrection]:
    """What the ERP was shown up to a sequence number and has not acknowledged.

    Of records of these companies or of no company; without companies, of all.
    """
    hold_record_type(session, record_type)
    query = with_record(select(Outbox, Record)).where(
        Outbox.target == System.ERP,
        Outbox.record_type == record_type,
        Outbox.status == OutboxStatus.SENDING,
        Outbox.id <= up_to,
        _is_of(companies),
    )
    return [as_staged(*row) for row in session.execute(query.order_by(Outbox.id))]


def _is_of(companies: frozenset[str]) -> ColumnElement[bool]:
    return Record.company_code.in_({"", *companies}) if companies else true()
