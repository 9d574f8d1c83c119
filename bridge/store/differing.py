"""The compare: which records differ, and what all sides say of them as it stands in the database.

It costs one pass over the crosswalk, whose rows hold the digests of CRM and AGREED, beside an index
of the ERP's; and then what differs.
"""

from array import array
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, bindparam, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from bridge.domain.records import RecordType, System
from bridge.domain.survivorship import Rules
from bridge.store.engine import hold_record_type
from bridge.store.models import LinkProposal, LinkStatus, Record, Version
from bridge.store.statements import chunks, is_sqlite, one_of_these, table_of

PAGE = 1_000


class Side(NamedTuple):
    """One system's version of it; all is None where there is none."""

    content: str | None
    modified_at: datetime
    deleted: bool
    partial: bool


class Differing(NamedTuple):
    """A record that differs: its key, its three versions, and the key of who won its merge."""

    record_id: int
    key_hash: int
    company_code: str | None
    number: str | None
    erp_content: str | None
    erp_modified_at: datetime
    erp_deleted: bool
    erp_partial: bool
    crm_content: str | None
    crm_modified_at: datetime
    crm_deleted: bool
    crm_partial: bool
    crm_key: str | None
    key_pending: bool | None
    agreed_content: str | None
    winner_company_code: str | None
    winner_number: str | None

    @property
    def erp(self) -> Side:
        """The ERP's version."""
        return Side(self.erp_content, self.erp_modified_at, self.erp_deleted, self.erp_partial)

    @property
    def crm(self) -> Side:
        """The CRM's version."""
        return Side(self.crm_content, self.crm_modified_at, self.crm_deleted, self.crm_partial)


def differing(session: Session, rules: Rules) -> Iterator[list[Differing]]:
    """All records whose versions differ in a compared field, key or existence, in pages.

    And those whose link a person ends, and documents that the CRM still has with a customer who was
    merged into another: it moves a customer's documents, but none that lie in its bin. Records that
    agree everywhere are never read; nor are those that are gone from both sides, or that only the
    CRM has and nobody expects in the ERP.
    """
    hold_record_type(session, rules.record_type)
    query = _VERSIONS if rules.expected_in_erp else _VERSIONS_OF_KNOWN
    for some in chunks(differing_ids(session, rules.record_type), PAGE):
        rows = session.execute(query, {"record_ids": some}).all()
        if rows:
            yield list(map(Differing._make, rows))


def differing_ids(session: Session, record_type: RecordType) -> "array[int]":
    """Which records these are, in their order; and those that only the CRM has."""
    hints = _SQLITE_HINTS if is_sqlite(session) else ("", "")
    found = session.scalars(
        text(_FIND.format(*hints)),
        {"record_type": record_type},
        execution_options={"yield_per": PAGE},
    )
    ids = array("q", found)
    others = [
        *session.scalars(_UNLINKING, {"record_type": record_type}),
        *session.scalars(_LEFT_BEHIND, {"record_type": record_type}),
    ]
    return array("q", sorted({*ids, *others})) if others else ids


_FIND = """
    SELECT id
    FROM record {}
    WHERE record_type = :record_type
        AND NOT EXISTS (
            SELECT 1 FROM version AS erp {}
            WHERE erp.record_id = record.id AND erp.system = 'ERP' AND NOT erp.deleted
                AND erp.digest = crm_digest AND crm_digest = agreed_digest
        )
        AND (
            crm_digest IS NOT NULL
            OR EXISTS (
                SELECT 1 FROM version AS erp
                WHERE erp.record_id = record.id AND erp.system = 'ERP' AND NOT erp.deleted
            )
        )
    ORDER BY id
"""
_SQLITE_HINTS = ("NOT INDEXED", "INDEXED BY version_of_erp")
"""It would go through the keys' index in their order, and look at the wide rows of versions."""
_UNLINKING = (
    select(LinkProposal.record_id)
    .join(Record, Record.id == LinkProposal.record_id)
    .where(
        Record.record_type == bindparam("record_type"),
        LinkProposal.status == LinkStatus.UNLINKING,
        exists().where(
            Version.record_id == LinkProposal.record_id,
            Version.system != System.AGREED,
            Version.deleted.is_(False),
        ),
    )
)

_loser, _lost = aliased(Record), aliased(Version)
# Types not by their index: SQLite would begin with all records of one, and not with the merged.
_MERGED = (
    select(_loser.number)
    .join(_lost, _lost.record_id == _loser.id)
    .where(
        func.coalesce(_loser.record_type, "") == RecordType.CUSTOMER,
        _lost.system == System.CRM,
        _lost.merged_into.is_not(None),
    )
)
_LEFT_BEHIND = (
    select(Version.record_id)
    .join(Record, Record.id == Version.record_id)
    .where(
        func.coalesce(Record.record_type, "") == bindparam("record_type"),
        Version.system == System.CRM,
        Version.deleted.is_(False),
        Version.customer_number.in_(_MERGED),
    )
)


def _side(version: FromClause) -> tuple[ColumnElement[Any], ...]:
    return tuple(version.c[name] for name in Side._fields)


def _version_of(system: System) -> tuple[FromClause, ColumnElement[bool]]:
    version = table_of(Version).alias(f"{system.lower()}_version")
    return version, (version.c.record_id == _record.c.id) & (version.c.system == system)


_record, _winner = table_of(Record), table_of(Record).alias("winner")
_erp, _is_erp = _version_of(System.ERP)
_crm, _is_crm = _version_of(System.CRM)
_agreed, _is_agreed = _version_of(System.AGREED)
# Built once: that takes SQLAlchemy as long as reading a page.
_VERSIONS = (
    select(
        *(_record.c[name] for name in ("id", "key_hash", "company_code", "number")),
        *(*_side(_erp), *_side(_crm), _crm.c.crm_key, _crm.c.key_pending),
        *(_agreed.c.content, _winner.c.company_code, _winner.c.number),
    )
    .outerjoin(_erp, _is_erp)
    .outerjoin(_crm, _is_crm)
    .outerjoin(_agreed, _is_agreed)
    .outerjoin(_winner, _winner.c.salesforce_id == _crm.c.merged_into)
    .where(one_of_these(_record.c.id, "record_ids"))
    .order_by(_record.c.id)
)
_VERSIONS_OF_KNOWN = _VERSIONS.where(
    or_(_erp.c.record_id.is_not(None), _record.c.number.is_not(None), _crm.c.crm_key.is_not(None))
)
