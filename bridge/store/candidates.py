"""Finding the records that need a decision, by their digests, in the database."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from bridge.domain import decisions
from bridge.domain.comparison import digest
from bridge.domain.content import decode_values, encode_values
from bridge.domain.records import Field, RecordKey, RecordType, System, Values
from bridge.domain.survivorship import Rules
from bridge.store.differing import Differing, Side, differing
from bridge.store.merges import merged_customers
from bridge.store.models import LinkStatus, Record, Version
from bridge.store.outbox import duplicates_of
from bridge.store.proposals import Standing, standing
from bridge.store.records import reachable_customers
from bridge.store.rulings import rulings_of
from bridge.store.versions import NewVersion, add_versions


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
    """All records that differ (bridge.store.differing), with what their decision hangs on."""
    for rows in differing(session, rules):
        page = [_candidate(rules.record_type, row) for row in rows]
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
        NewVersion(
            record_id=candidate.record_id,
            system=System.AGREED,
            values=agreed,
            modified_at=now,
            known_at=now,
        )
        for candidate, agreed in moved
        if candidate.agreed_content is None
    ]
    add_versions(session, new, record_type=record_type, compared=compared)
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


def _candidate(record_type: RecordType, row: Differing) -> Candidate:
    versions = decisions.Versions(
        key=_key(record_type, row.company_code, row.number),
        erp=_version(record_type, row.erp),
        crm=_version(record_type, row.crm),
        agreed=_values(record_type, row.agreed_content),
        crm_key=row.crm_key,
        key_pending=bool(row.key_pending),
        merged_into=_key(record_type, row.winner_company_code, row.winner_number),
    )
    return Candidate(row.record_id, row.key_hash, versions, row.agreed_content)


def _key(record_type: RecordType, company_code: str | None, number: str | None) -> RecordKey | None:
    return None if number is None else RecordKey(record_type, company_code or "", number)


def _version(record_type: RecordType, side: Side) -> decisions.Version | None:
    values = _values(record_type, side.content)
    if values is None:
        return None
    return decisions.Version(values, side.modified_at, side.deleted, side.partial)


def _values(record_type: RecordType, content: str | None) -> Values | None:
    return None if content is None else decode_values(record_type, content)


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
