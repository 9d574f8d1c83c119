"""What the ERP tells in a submission."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.content import encode_record
from bridge.domain.records import Record, record_type_of
from bridge.store.models import Version
from bridge.store.told import Told, save_told
from tests.builders import EARLY, EXAMPLES, compared
from tests.storing import save_erp

Sessions = sessionmaker[Session]


@pytest.mark.parametrize("record", EXAMPLES.values(), ids=lambda record: type(record).__name__)
def test_what_is_told_whole_is_saved_alike(sessions: Sessions, record: Record) -> None:
    """Column by column or version by version: the row is the same, whatever stood there before."""
    told, record_type = Told(record, encode_record(record)), record_type_of(record)
    fields = compared(record_type)
    with sessions.begin() as session:
        save_erp(session, record)
        saved = session.execute(select(Version.__table__)).one()
        save_erp(session, record, at=EARLY + timedelta(days=1), deleted=True)
        ids = {saved.record_id: told}
        save_told(session, ids, record_type=record_type, compared=fields, now=EARLY)
        assert session.execute(select(Version.__table__)).one() == saved
        save_told(session, {}, record_type=record_type, compared=fields, now=EARLY)
