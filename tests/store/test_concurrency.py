"""Transactions that meet: nobody waits in a circle, nobody acts on what has just changed."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType, System, key_of
from bridge.operations.changes import acknowledge_changes, fetch_changes
from bridge.store.candidates import Candidate, candidates, move_agreed
from bridge.store.deliveries import Accepted, apply_accepted
from bridge.store.models import OutboxStatus
from bridge.store.outbox import (
    claim_batch,
    mark_delivered,
)
from bridge.store.outbox_fields import decode_fields
from bridge.store.staging import stage_corrections
from tests.builders import EARLY, crm_record, crm_values, customer, rules
from tests.storing import new_run, outbox, save, save_crm, save_erp, states, values_in, wish

T = TypeVar("T")
Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)
CUSTOMER = RecordType.CUSTOMER
ONE, TWO = customer(number="C1"), customer(number="C2")


def set_up(sessions: Sessions) -> None:
    """Two linked and agreed customers that the ERP renamed, their corrections staged."""
    with sessions.begin() as session:
        for record in (ONE, TWO):
            save_crm(session, crm_record(record))
            save_erp(session, record)
            save(session, System.AGREED, key_of(record), crm_values(record))
    with sessions.begin() as session:
        save_erp(session, customer(number="C1", name="New"), customer(number="C2", name="New"))
        stage(session, System.CRM, *_candidates(session), name="New")


def _candidates(session: Session) -> list[Candidate]:
    return [one for page in candidates(session, rules()) for one in page]


def stage(session: Session, target: System, *wanting: Candidate, **changes: str) -> None:
    stage_corrections(
        session,
        record_type=CUSTOMER,
        corrections=[
            (one.record_id, wish(target, old={"name": ONE.name}, **changes)) for one in wanting
        ],
        run_id=new_run(session, EARLY),
        now=EARLY,
    )
    session.flush()


@contextmanager
def meanwhile(work: Callable[[], T]) -> Iterator[Future[T]]:
    """Starts the work in a thread, and gives it time to come as far as it can."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        time.sleep(0.3)
        yield future


def test_deciding_and_settling_do_not_wait_for_each_other(sessions: Sessions) -> None:
    """A run that decides record after record and a relay that settles a batch both succeed."""
    set_up(sessions)
    with sessions.begin() as session:
        batch = claim_batch(session, record_type=CUSTOMER, limit=9, now=LATER)

    def settle() -> None:
        with sessions.begin() as session:
            accepted = [Accepted(one, one.salesforce_id) for one in batch]
            apply_accepted(session, record_type=CUSTOMER, accepted=accepted, now=LATER)
            mark_delivered(session, [one.id for one in batch], now=LATER)

    with sessions() as session:
        first, second = _candidates(session)
        stage(session, System.CRM, first, name="New")
        with meanwhile(settle) as settled:
            moved = [(second, crm_values(TWO, phone="agreed"))]
            move_agreed(
                session, record_type=CUSTOMER, moved=moved, compared=rules().compared, now=LATER
            )
            session.commit()
            settled.result()
    with sessions() as session:
        assert states(session) == [OutboxStatus.DELIVERED] * 2
        assert (values_in(session, TWO, System.AGREED) or {})["phone"] == "agreed"
        assert (values_in(session, TWO, System.AGREED) or {})["name"] == "New"


def test_what_is_sent_is_what_is_staged(sessions: Sessions) -> None:
    """A wish that changes while the relay claims it is sent as it is in the end."""
    set_up(sessions)

    def claim() -> list[object]:
        with sessions.begin() as session:
            batch = claim_batch(session, record_type=CUSTOMER, limit=9, now=LATER)
            return [one.changes["name"] for one in batch]

    with sessions() as session:
        stage(session, System.CRM, *_candidates(session), name="Newer")
        with meanwhile(claim) as claimed:
            session.commit()
            assert claimed.result() == ["Newer", "Newer"]


def test_what_the_erp_was_shown_is_what_is_acknowledged(sessions: Sessions) -> None:
    """A wish that changes while the ERP fetches it is shown as it is in the end."""
    set_up(sessions)
    with sessions.begin() as session:
        stage(session, System.ERP, *_candidates(session), name="From CRM")

    def fetch() -> list[object]:
        page = fetch_changes(sessions, record_type=CUSTOMER, after=0, limit=9)
        return [field.new for change in page.changes for field in change.fields]

    with sessions() as session:
        stage(session, System.ERP, *_candidates(session), name="Newer")
        with meanwhile(fetch) as shown:
            session.commit()
            assert shown.result() == ["Newer", "Newer"]
    with sessions() as session:
        fields = [decode_fields(CUSTOMER, row.fields) for row in outbox(session)]
        assert [one[0].new for one in fields] == ["New", "New", "Newer", "Newer"]


def test_a_page_read_before_a_write_does_not_overtake_it(sessions: Sessions) -> None:
    """A page that is stored while the relay settles a later write leaves that write standing."""
    set_up(sessions)
    with sessions.begin() as session:
        (correction, _) = claim_batch(session, record_type=CUSTOMER, limit=9, now=LATER)
    old = crm_record(
        ONE, salesforce_id=correction.salesforce_id, changes={"phone": "seen before the write"}
    )

    def store_page() -> None:
        with sessions.begin() as session:
            save_crm(session, old, read_at=EARLY + timedelta(minutes=1))

    with sessions() as session:
        accepted = [Accepted(correction, correction.salesforce_id)]
        apply_accepted(session, record_type=CUSTOMER, accepted=accepted, now=LATER)
        with meanwhile(store_page) as stored:
            session.commit()
            stored.result()
    with sessions() as session:
        values = values_in(session, ONE, System.CRM) or {}
        assert (values["name"], values["phone"]) == ("New", ONE.phone)


def test_acknowledging_twice_at_once_is_acknowledging_once(sessions: Sessions) -> None:
    """Two callers that acknowledge the same changes share the work, and nobody fails."""
    set_up(sessions)
    with sessions.begin() as session:
        stage(session, System.ERP, *_candidates(session), name="From CRM")
    fetch_changes(sessions, record_type=CUSTOMER, after=0, limit=9)

    def acknowledge(_: int) -> int:
        return acknowledge_changes(sessions, record_type=CUSTOMER, up_to=99, now=LATER)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(acknowledge, range(4))) == [0, 0, 0, 2]
