"""What the ERP is offered to change."""

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType, System
from bridge.store.change_feed import acknowledgeable, mark_offered, offered_changes
from bridge.store.outbox import mark_delivered, purge_delivered
from bridge.store.staging import stage_corrections
from tests.builders import EARLY, customer
from tests.storing import LATER, Stage, new_run, outbox, save_erp, wish

Sessions = sessionmaker[Session]


def test_what_is_gone_from_the_erp_stays(sessions: Sessions) -> None:
    """It is neither sent to Salesforce nor offered to the ERP, until it is there again."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"), wish(System.ERP, phone="3"))

        def offered() -> int:
            found = offered_changes(session, record_type=RecordType.CUSTOMER, after=0, limit=9)
            return len(found)

        save_erp(session, customer(), deleted=True)
        assert (stage.claim(), offered()) == ([], 0)
        save_erp(session, customer())
        assert (len(stage.claim()), offered()) == (1, 1)


def test_the_feed_shows_what_is_not_acknowledged(sessions: Sessions) -> None:
    """Past a sequence number, oldest first, shown before or not."""
    with sessions.begin() as session:
        stage = Stage(session)
        (other,) = save_erp(session, customer(number="C2"))
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[
                (stage.record_id, wish(System.ERP, phone="2")),
                (stage.record_id, wish(phone="3")),
                (other, wish(System.ERP, phone="4")),
            ],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )

        def offered(after: int, limit: int = 9) -> list[int]:
            found = offered_changes(
                session, record_type=RecordType.CUSTOMER, after=after, limit=limit
            )
            return [one.id for one in found]

        assert offered(0) == [1, 3]
        assert offered(1) == [3]
        assert offered(0, limit=1) == [1]
        assert acknowledgeable(session, record_type=RecordType.CUSTOMER, up_to=99) == []
        mark_offered(session, [1])
        assert offered(0) == [1, 3]
        shown = acknowledgeable(session, record_type=RecordType.CUSTOMER, up_to=99)
        assert [one.id for one in shown] == [1]
        mark_delivered(session, [1], now=EARLY)
        assert offered(0) == [3]
        assert offered_changes(session, record_type=RecordType.INVOICE, after=0, limit=9) == []


def test_sequence_numbers_never_come_again(sessions: Sessions) -> None:
    """A consumer that fetched up to a number misses nothing, even after everything was purged."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(System.ERP, phone="2"))
        mark_offered(session, [1])
        mark_delivered(session, [1], now=EARLY)
        assert purge_delivered(session, before=LATER) == 1
        stage.run(wish(System.ERP, phone="3"))
        assert [row.id for row in outbox(session)] == [2]
