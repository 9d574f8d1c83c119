"""The Salesforce org whose ids this database holds."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType, System
from bridge.store.engine import hold_record_type
from bridge.store.models import Org, Version


def known_org(session: Session) -> str | None:
    """The id of the org that was read, None where none was."""
    return session.scalar(select(Org.organization_id))


def adopt_org(session: Session, organization_id: str, *, now: datetime) -> None:
    """Takes this org for the one that is read from now on.

    What was read from another is gone with it: its records give their keys free, to be linked with
    the records of this one.
    """
    before = known_org(session)
    if before == organization_id:
        return
    if before is not None:
        for record_type in RecordType:
            hold_record_type(session, record_type)
        session.execute(update(Version).where(Version.system == System.CRM).values(deleted=True))
        session.execute(delete(Org))
    session.add(Org(organization_id=organization_id, adopted_at=now))
