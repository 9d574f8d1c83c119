"""Making links and taking them back: which crosswalk row Salesforce's version belongs to."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from bridge.domain.content import decode_values
from bridge.domain.records import RecordType, System, Values
from bridge.domain.totals import key_hash
from bridge.store.models import Outbox, OutboxStatus, Record, Version
from bridge.store.statements import one_of


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A record that one side alone has. `known_as` is its ERP number, or its Salesforce id."""

    record_id: int
    known_as: str
    values: Values


def unlinked_in_erp(session: Session, record_type: RecordType) -> Iterator[Unlinked]:
    """Records of the ERP that were never in Salesforce, nor are on their way there right now."""
    return _read(session, _in_erp(record_type), record_type)


def unlinked_in_crm(session: Session, record_type: RecordType) -> Iterator[Unlinked]:
    """Records of Salesforce that carry no ERP key."""
    return _read(session, _in_crm(record_type), record_type)


def digests_in_erp(session: Session, record_type: RecordType) -> dict[str, str]:
    """What names each of those records of the ERP and all that it says: ERP number -> digest."""
    return _digests(session, _in_erp(record_type))


def digests_in_crm(
    session: Session, record_type: RecordType, *, among: Collection[str] | None = None
) -> dict[str, str]:
    """The same of Salesforce's records, or of these: Salesforce id -> digest."""
    query = _in_crm(record_type)
    if among is not None:
        query = query.where(one_of(Record.salesforce_id, among))
    return _digests(session, query)


def unlinked_among(session: Session, pairs: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Which of these (record id, Salesforce id) are still free to be linked."""
    crm, stranger = aliased(Version), aliased(Record)
    in_crm = exists().where(crm.record_id == Record.id, crm.system == System.CRM)
    ours = select(Record.id).where(
        one_of(Record.id, [one for one, _ in pairs]),
        Record.salesforce_id.is_(None),
        ~in_crm,
        ~_is_leaving(),
    )
    theirs = (
        select(stranger.salesforce_id)
        .join(Version, (Version.record_id == stranger.id) & (Version.system == System.CRM))
        .where(
            one_of(stranger.salesforce_id, [other for _, other in pairs]),
            stranger.number.is_(None),
            Version.deleted.is_(False),
            Version.crm_key.is_(None),
        )
    )
    free, there = set(session.scalars(ours)), set(session.scalars(theirs))
    return {(one, other) for one, other in pairs if one in free and other in there}


def linked_side(session: Session, record_id: int) -> tuple[Values | None, Values | None, bool]:
    """What both sides of a linked customer say, and whether Salesforce's carries its ERP key."""
    query = select(Version).where(Version.record_id == record_id, Version.deleted.is_(False))
    found = {row.system: row for row in session.scalars(query)}
    number = session.get_one(Record, record_id).number
    erp, crm = (
        decode_values(RecordType.CUSTOMER, found[system].content) if system in found else None
        for system in (System.ERP, System.CRM)
    )
    return erp, crm, System.CRM in found and found[System.CRM].crm_key == number


def link(session: Session, pairs: Sequence[tuple[int, str]]) -> None:
    """Links records of the ERP with Salesforce's: (record id, Salesforce id) of unlinked ones.

    Salesforce's version becomes the record's, and waits for the ERP key unless it carries one.
    """
    if not pairs:
        return
    rows = [{"record": record_id, "crm": salesforce_id} for record_id, salesforce_id in pairs]
    for statement in (_MOVE_VERSION, _DROP_STRANGER, _SET_LINK):
        session.connection().execute(statement, rows)
    session.expire_all()


def is_leaving(session: Session, record_id: int) -> bool:
    """Whether something of the record is on its way to Salesforce right now."""
    return session.scalar(select(_is_leaving()).where(Record.id == record_id)) or False


def unlink(session: Session, record_id: int) -> None:
    """Takes a link back: Salesforce's version stands for itself, and nothing is agreed any more.

    What waits to be sent to Salesforce's record is void.
    """
    row = session.get_one(Record, record_id)
    salesforce_id = str(row.salesforce_id)
    row.salesforce_id = None
    session.flush()
    stranger = Record(
        record_type=row.record_type,
        salesforce_id=salesforce_id,
        key_hash=key_hash(salesforce_id),
    )
    session.add(stranger)
    session.flush()
    of_record = Version.record_id == record_id
    for statement in (
        delete(Version).where(of_record, Version.system == System.AGREED),
        update(Version)
        .where(of_record, Version.system == System.CRM)
        .values(record_id=stranger.id, key_pending=False),
        delete(Outbox).where(
            Outbox.record_id == record_id,
            Outbox.target == System.CRM,
            Outbox.status.in_((OutboxStatus.PENDING, OutboxStatus.DEAD)),
        ),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})


def _is_leaving() -> ColumnElement[bool]:
    return exists().where(
        Outbox.record_id == Record.id,
        Outbox.target == System.CRM,
        Outbox.status == OutboxStatus.SENDING,
    )


def _in_erp(record_type: RecordType) -> Select[int, str | None, str]:
    crm = aliased(Version)
    in_crm = exists().where(crm.record_id == Record.id, crm.system == System.CRM)
    return _of_side(System.ERP, record_type, Record.number).where(
        Record.number.is_not(None), Record.salesforce_id.is_(None), ~in_crm, ~_is_leaving()
    )


def _in_crm(record_type: RecordType) -> Select[int, str | None, str]:
    return _of_side(System.CRM, record_type, Record.salesforce_id).where(
        Record.number.is_(None), Version.crm_key.is_(None), Record.salesforce_id.is_not(None)
    )


def _of_side(
    system: System, record_type: RecordType, known_as: InstrumentedAttribute[str | None]
) -> Select[int, str | None, str]:
    return (
        select(Record.id, known_as, Version.content)
        .join(Version, (Version.record_id == Record.id) & (Version.system == system))
        .where(Record.record_type == record_type, Version.deleted.is_(False))
        .order_by(known_as)
        .execution_options(yield_per=_PAGE)
    )


def _read(
    session: Session, query: Select[int, str | None, str], record_type: RecordType
) -> Iterator[Unlinked]:
    for record_id, known_as, content in session.execute(query):
        yield Unlinked(record_id, str(known_as), decode_values(record_type, content))


def _digests(session: Session, query: Select[int, str | None, str]) -> dict[str, str]:
    return {
        str(known_as): hashlib.blake2b(f"{record_id} {content}".encode(), digest_size=8).hexdigest()
        for record_id, known_as, content in session.execute(query)
    }


_PAGE = 5_000
_STRANGER = (
    select(Record.id)
    .where(Record.salesforce_id == bindparam("crm"), Record.number.is_(None))
    .scalar_subquery()
)
_MOVE_VERSION = (
    update(Version)
    .where(Version.record_id == _STRANGER, Version.system == System.CRM)
    .values(record_id=bindparam("record"), key_pending=Version.crm_key.is_(None))
)
_DROP_STRANGER = delete(Record).where(
    Record.salesforce_id == bindparam("crm"), Record.number.is_(None)
)
_SET_LINK = (
    update(Record).where(Record.id == bindparam("record")).values(salesforce_id=bindparam("crm"))
)
