"""The compare: by digests of the crosswalk, which are those of the versions whatever happens."""

import pytest
from sqlalchemy import delete, event, select, update
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType, System, key_of
from bridge.store.differing import PAGE, differing, differing_ids
from bridge.store.models import Record, Version
from tests.builders import crm_record, crm_values, customer, invoice, rules
from tests.storing import row_of, save, save_crm, save_erp, version_of

Sessions = sessionmaker[Session]


def digests(session: Session) -> tuple[bytes | None, bytes | None]:
    """The CRM's and the agreed one, as the customer's row of the crosswalk has them."""
    row = row_of(session, customer())
    return row.crm_digest, row.agreed_digest


def digest_of(session: Session, system: System) -> bytes:
    """The one of that version itself."""
    version = version_of(session, customer(), system)
    assert version is not None
    return version.digest


def test_the_crosswalk_has_the_digests_of_its_versions(sessions: Sessions) -> None:
    """From the first version on, changed with them, and without one where there is none."""
    with sessions.begin() as session:
        save_erp(session, customer())
        assert digests(session) == (None, None)
        save_crm(session, crm_record(customer()))
        assert digests(session) == (digest_of(session, System.CRM), None)
        save(session, System.AGREED, key_of(customer()), crm_values(customer()))
        before = digests(session)
        assert before == (digest_of(session, System.CRM), digest_of(session, System.AGREED))
        session.execute(update(Version).where(Version.system == System.CRM).values(digest=b"new"))
        assert digests(session) == (b"new", before[1])
        session.execute(delete(Version).where(Version.system == System.AGREED))
        assert digests(session)[1] is None


def test_what_is_gone_has_no_digest(sessions: Sessions) -> None:
    """Until it is back."""
    with sessions.begin() as session:
        save_crm(session, crm_record(customer()))
        for deleted in (True, False):
            session.execute(update(Version).values(deleted=deleted))
            assert (digests(session)[0] is None) is deleted


def test_a_version_takes_its_digest_along(sessions: Sessions) -> None:
    """From the record that it leaves to the one that it goes to."""
    with sessions.begin() as session:
        left, taken = save_erp(session, customer(), customer(number="C-2"))
        save_crm(session, crm_record(customer()))
        digest = digest_of(session, System.CRM)
        moved = update(Version).where(Version.system == System.CRM)
        session.execute(moved.values(record_id=taken, crm_key="C-2"))
        stored = select(Record.id, Record.crm_digest)
        assert dict(session.execute(stored).all()) == {left: None, taken: digest}


@pytest.mark.parametrize("crm_key", [None, "another"])
def test_another_key_agrees_with_nothing(sessions: Sessions, crm_key: str | None) -> None:
    """What the CRM holds under another key is there, and has the digest of nothing."""
    with sessions.begin() as session:
        save_crm(session, crm_record(customer()))
        session.execute(update(Version).values(crm_key=crm_key))
        assert digests(session)[0] == b""


def test_pages_hold_all_that_differs(sessions: Sessions) -> None:
    """In the order of the records, each once, however many."""
    with sessions.begin() as session:
        records = [invoice(number=f"{n}") for n in range(PAGE + 2)]
        ids = save_erp(session, *records)
        pages = list(differing(session, rules(RecordType.INVOICE)))
        assert [len(page) for page in pages] == [PAGE, 2]
        assert [row.record_id for page in pages for row in page] == sorted(ids)
        stored = dict(session.execute(select(Version.record_id, Version.content)).all())
        assert all(row.erp.content == stored[row.record_id] for page in pages for row in page)
        assert all(row.crm.content is None for page in pages for row in page)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_crosswalk_alone_is_gone_through(sessions: Sessions) -> None:
    """All else that the compare asks for is found by an index, however many versions there are."""
    with sessions.begin() as session:
        asked: list[tuple[str, tuple[str, ...]]] = []
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
        differing_ids(session, RecordType.INVOICE)
        steps = [
            step.detail
            for statement, parameters in tuple(asked)
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
        assert [step for step in steps if step.startswith("SCAN")] == ["SCAN record"]
        assert not any("record_type=" in step for step in steps)
