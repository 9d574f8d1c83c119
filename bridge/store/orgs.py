"""The Salesforce org whose ids this database holds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType, System
from bridge.store.engine import hold_record_type
from bridge.store.models import Org, Version
from bridge.store.notifications import forget_notifications


@dataclass(frozen=True, slots=True)
class KnownOrg:
    """The org that was read; when all of it was, and up to when its deletions are known."""

    organization_id: str
    read_in_full_at: datetime | None
    deletions_until: datetime | None


def known_org(session: Session) -> KnownOrg | None:
    """The org that was read, None where none was."""
    row = session.scalar(select(Org))
    if row is None:
        return None
    return KnownOrg(row.organization_id, row.read_in_full_at, row.deletions_until)


def note_full_read(session: Session, at: datetime | None) -> None:
    """All of the org was read, at this instant of Salesforce's; None: it has to be read again."""
    session.execute(update(Org).values(read_in_full_at=at))


def note_deletions(session: Session, until: datetime) -> None:
    """The org's deletions are known up to this instant of Salesforce's."""
    session.execute(update(Org).values(deletions_until=until))


def adopt_org(session: Session, organization_id: str, *, now: datetime) -> None:
    """Takes this org for the one that is read from now on.

    What was read from another is gone with it: its records give their keys free, to be linked with
    the records of this one.
    """
    before = known_org(session)
    if before is not None and before.organization_id == organization_id:
        return
    if before is not None:
        for record_type in RecordType:
            hold_record_type(session, record_type)
        session.execute(update(Version).where(Version.system == System.CRM).values(deleted=True))
        session.execute(delete(Org))
        forget_notifications(session)
    session.add(Org(organization_id=organization_id, adopted_at=now))
