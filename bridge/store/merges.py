"""Merges in Salesforce: the link of a record that lost goes to the record that won.

The loser is deleted and names the winner (MasterRecordId); the winner itself shows nothing. Source:
SOAP API Developer Guide, "merge()".
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from bridge.domain.records import RecordType, System
from bridge.store.engine import hold_record_type
from bridge.store.models import Record, Version
from bridge.store.proposals import finish_unlinking
from bridge.store.statements import one_of_these

_MOST_STEPS = 20  # a winner may have lost the next merge


class _Loser(NamedTuple):
    record_id: int
    salesforce_id: str
    merged_into: str


class _Winner(NamedTuple):
    record_id: int
    linked: bool
    deleted: bool
    merged_into: str | None
    crm_key: str | None


def follow_merges(session: Session, *, record_type: RecordType) -> int:
    """Moves the links of losers whose winner is linked to nothing. Tells how many.

    The winner's version becomes the record's, and what both agreed on before stays. A winner that
    is linked itself keeps its link: that is for a person. Who lost to one that lost itself lost to
    the last winner: its documents are there. What a person takes back goes nowhere.
    """
    hold_record_type(session, record_type)
    finish_unlinking(session, record_type)
    query = (
        select(Record.id, Record.salesforce_id, Version.merged_into)
        .join(Version, (Version.record_id == Record.id) & (Version.system == System.CRM))
        .where(
            Record.record_type == record_type,
            Record.number.is_not(None),
            Version.merged_into.is_not(None),
        )
        .order_by(Record.id)
    )
    losers = [
        _Loser(row.id, str(row.salesforce_id), str(row.merged_into))
        for row in session.execute(query)
    ]
    for loser in losers:
        _point_on(session, loser.salesforce_id, loser.merged_into)
    return sum([_follow(session, loser) for loser in losers])


def merged_customers(session: Session, numbers: Iterable[str]) -> dict[str, str]:
    """Customers that Salesforce merged into others: number -> the number of the one that is left.

    Only where both were linked, and the other is there and carries its key, or will.
    """
    found = session.execute(_MERGED, {"numbers": set(numbers)})
    return {str(number): str(left) for number, left in found}


def _follow(session: Session, loser: _Loser) -> bool:
    winner_id: str | None = loser.merged_into
    for _ in range(_MOST_STEPS):
        winner = None if winner_id is None else _winner(session, winner_id)
        if winner is None or winner_id is None or winner.linked:
            return False
        if not winner.deleted:
            _hand_over(session, loser, winner_id, winner)
            return True
        winner_id = winner.merged_into
    return False


def _winner(session: Session, salesforce_id: str) -> _Winner | None:
    query = (
        select(
            Record.id,
            Record.number.is_not(None),
            Version.deleted,
            Version.merged_into,
            Version.crm_key,
        )
        .join(Version, (Version.record_id == Record.id) & (Version.system == System.CRM))
        .where(Record.salesforce_id == salesforce_id)
    )
    row = session.execute(query).first()
    return None if row is None else _Winner(*row)


def _hand_over(session: Session, loser: _Loser, winner_id: str, winner: _Winner) -> None:
    """The winner's id and version for the loser's key."""
    for statement in (
        delete(Version).where(Version.record_id == loser.record_id, _OF_CRM),
        update(Version)
        .where(Version.record_id == winner.record_id, _OF_CRM)
        .values(record_id=loser.record_id, key_pending=winner.crm_key is None),
        delete(Record).where(Record.id == winner.record_id),
        update(Record).where(Record.id == loser.record_id).values(salesforce_id=winner_id),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})
    _point_on(session, loser.salesforce_id, winner_id)


def _point_on(session: Session, lost_id: str, won_id: str) -> None:
    losers = update(Version).where(Version.merged_into == lost_id).values(merged_into=won_id)
    session.execute(losers, execution_options={"synchronize_session": False})


_OF_CRM = Version.system == System.CRM
_loser, _lost = aliased(Record), aliased(Version)
_winning, _won, _told = aliased(Record), aliased(Version), aliased(Version)
_MERGED = (
    select(_loser.number, _winning.number)
    .join(_lost, (_lost.record_id == _loser.id) & (_lost.system == System.CRM))
    .join(_winning, _winning.salesforce_id == _lost.merged_into)
    .join(_won, (_won.record_id == _winning.id) & (_won.system == System.CRM))
    .where(
        _loser.record_type == RecordType.CUSTOMER,
        _loser.company_code == "",
        one_of_these(_loser.number, "numbers"),
        _winning.number.is_not(None),
        _won.deleted.is_(False),
        or_(
            _won.crm_key == _winning.number,
            _won.key_pending
            & exists().where(
                _told.record_id == _winning.id,
                _told.system == System.ERP,
                _told.deleted.is_(False),
            ),
        ),
    )
)
