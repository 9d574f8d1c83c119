"""Finding the records that need a decision, by their digests, in the database."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, case, exists, false, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bridge.domain import decisions
from bridge.domain.comparison import digest
from bridge.domain.content import decode_values, encode_values
from bridge.domain.records import Field, RecordType, System, Values
from bridge.domain.survivorship import Rules
from bridge.store.bulk import insert_missing
from bridge.store.engine import hold_record_type
from bridge.store.merges import merged_customers
from bridge.store.models import LinkProposal, LinkStatus, Record, Version
from bridge.store.outbox import duplicates_of
from bridge.store.proposals import Standing, standing
from bridge.store.records import (
    NewVersion,
    key_of_row,
    reachable_customers,
    version_row,
)
from bridge.store.rulings import rulings_of

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record whose versions are not all the same, and its AGREED text as it was read.

    `key_hash` is its share in hash totals.
    """

    record_id: int
    key_hash: int
    versions: decisions.Versions
    agreed_content: str | None


def candidates(session: Session, rules: Rules) -> Iterator[list[Candidate]]:
    """All records whose versions differ in a compared field, key or existence, in pages.

    The database compares digests; records that agree everywhere are never read. Nor are those
    that are gone from both sides, or that only the CRM has and nobody expects in the ERP.
    """
    hold_record_type(session, rules.record_type)
    last = 0
    while page := _page(session, rules, after=last):
        last = page[-1].record_id
        page = _with_customers(session, rules.record_type, page)
        page = _with_links(session, rules.record_type, page)
        yield _with_rulings(session, _with_duplicates(session, page))


def count_records(session: Session, record_type: RecordType) -> int:
    """How many records of a type the bridge knows."""
    query = select(func.count()).select_from(Record).where(Record.record_type == record_type)
    return session.scalar(query) or 0


def move_agreed(
    session: Session,
    *,
    record_type: RecordType,
    moved: Sequence[tuple[Candidate, Values]],
    compared: Sequence[Field],
    now: datetime,
) -> None:
    """Stores new agreements; one that changed since it was read waits for the next run."""
    new = [
        version_row(
            NewVersion(
                record_id=candidate.record_id,
                system=System.AGREED,
                record_type=record_type,
                values=agreed,
                compared=compared,
                modified_at=now,
                known_at=now,
            )
        )
        for candidate, agreed in moved
        if candidate.agreed_content is None
    ]
    insert_missing(session, Version, new)
    changed = [
        {
            "id": candidate.record_id,
            "before": candidate.agreed_content,
            "digest": digest(compared, agreed),
            "content": encode_values(agreed),
            "now": now,
        }
        for candidate, agreed in moved
        if candidate.agreed_content is not None
    ]
    if changed:
        session.connection().execute(_REPLACE_AGREED, changed)


_REPLACE_AGREED = (
    update(Version)
    .where(
        Version.record_id == bindparam("id"),
        Version.system == System.AGREED,
        Version.content == bindparam("before"),
    )
    .values(
        digest=bindparam("digest"),
        content=bindparam("content"),
        modified_at=bindparam("now"),
        known_at=bindparam("now"),
    )
)


def _page(session: Session, rules: Rules, *, after: int) -> list[Candidate]:
    erp, crm, agreed = (aliased(Version, name=f"{system.lower()}_version") for system in System)
    winner = aliased(Record, name="winner")
    query = (
        select(Record, erp, crm, agreed, winner)
        .outerjoin(erp, (erp.record_id == Record.id) & (erp.system == System.ERP))
        .outerjoin(crm, (crm.record_id == Record.id) & (crm.system == System.CRM))
        .outerjoin(agreed, (agreed.record_id == Record.id) & (agreed.system == System.AGREED))
        .outerjoin(winner, winner.salesforce_id == crm.merged_into)
        .where(
            Record.record_type == rules.record_type,
            Record.id > after,
            or_(erp.deleted.is_(False), crm.deleted.is_(False)),
            or_(
                erp.digest.is_distinct_from(crm.digest),
                erp.digest.is_distinct_from(agreed.digest),
                erp.deleted.is_distinct_from(false()),
                crm.deleted.is_distinct_from(false()),
                crm.crm_key.is_distinct_from(_EXTERNAL_ID),
                _is_unlinking(),
            ),
        )
        .order_by(Record.id)
        .limit(_PAGE)
        .execution_options(populate_existing=True)
    )
    if not rules.expected_in_erp:
        query = query.where(or_(erp.record_id.is_not(None), crm.crm_key.is_not(None)))
    return [_candidate(*row) for row in session.execute(query)]


def _is_unlinking() -> ColumnElement[bool]:
    return exists().where(
        LinkProposal.record_id == Record.id, LinkProposal.status == LinkStatus.UNLINKING
    )


_EXTERNAL_ID = case(
    (Record.company_code == "", Record.number),
    else_=Record.company_code + "/" + Record.number,
)
"""RecordKey.__str__ in SQL."""


def _candidate(
    record: Record,
    erp: Version | None,
    crm: Version | None,
    agreed: Version | None,
    winner: Record | None,
) -> Candidate:
    record_type = record.record_type
    versions = decisions.Versions(
        key=key_of_row(record),
        erp=_version(record_type, erp),
        crm=_version(record_type, crm),
        agreed=decode_values(record_type, agreed.content) if agreed else None,
        crm_key=crm.crm_key if crm else None,
        key_pending=crm.key_pending if crm else False,
        merged_into=key_of_row(winner) if winner else None,
    )
    return Candidate(record.id, record.key_hash, versions, agreed.content if agreed else None)


def _version(record_type: RecordType, row: Version | None) -> decisions.Version | None:
    if row is None:
        return None
    values = decode_values(record_type, row.content)
    return decisions.Version(values, row.modified_at, row.deleted, row.partial)


def _with_customers(
    session: Session, record_type: RecordType, page: list[Candidate]
) -> list[Candidate]:
    if record_type is RecordType.CUSTOMER:
        return page
    named = {number for one in page if (number := _customer_of(one)) is not None}
    merged = merged_customers(session, named)
    known = reachable_customers(session, named) | merged.keys()
    return [_with_customer(one, known, merged) for one in page]


def _with_customer(one: Candidate, known: Set[str], merged: Mapping[str, str]) -> Candidate:
    number = _customer_of(one)
    if number in known and number not in merged:
        return one
    versions = replace(
        one.versions,
        customer_known=number in known,
        customer_in_crm=merged.get(number) if number else None,
    )
    return replace(one, versions=versions)


def _with_links(
    session: Session, record_type: RecordType, page: list[Candidate]
) -> list[Candidate]:
    if record_type is not RecordType.CUSTOMER:
        return page  # documents have no other name than their key
    found = standing(session, [one.record_id for one in page])
    return [_with_link(one, found.get(one.record_id)) for one in page]


def _with_link(one: Candidate, link: Standing | None) -> Candidate:
    if link is None:
        return one
    if link.status is LinkStatus.UNLINKING:
        return replace(one, versions=replace(one.versions, unlinked=True))
    return replace(one, versions=replace(one.versions, suggested=link.salesforce_id))


def _with_duplicates(session: Session, page: list[Candidate]) -> list[Candidate]:
    found = duplicates_of(session, [one.record_id for one in page])
    return [
        replace(one, versions=replace(one.versions, duplicates=found[one.record_id]))
        if one.record_id in found
        else one
        for one in page
    ]


def _with_rulings(session: Session, page: list[Candidate]) -> list[Candidate]:
    found = rulings_of(session, [one.record_id for one in page])
    return [
        replace(one, versions=replace(one.versions, rulings=found[one.record_id]))
        if one.record_id in found
        else one
        for one in page
    ]


def _customer_of(candidate: Candidate) -> str | None:
    erp = candidate.versions.erp
    number = erp.values.get("customer_number") if erp else None
    return None if number is None else str(number)
