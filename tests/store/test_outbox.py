"""Staging corrections, and settling their deliveries."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.decisions import FieldCorrection, Reason
from bridge.domain.records import RecordType, System
from bridge.store.change_feed import mark_offered
from bridge.store.models import Outbox, OutboxStatus
from bridge.store.outbox import (
    bury,
    claim_batch,
    count_by_status,
    count_due,
    count_waiting,
    dead_letters,
    drop_overtaken,
    mark_delivered,
    postpone,
    purge_delivered,
    release_interrupted,
    replay,
)
from bridge.store.outbox_fields import decode_fields, encode_fields
from bridge.store.staging import Staging, stage_corrections, withdraw_unwanted
from tests.builders import EARLY, crm_record, customer, invoice
from tests.storing import LATER, Stage, new_run, outbox, save_crm, save_erp, wish

Sessions = sessionmaker[Session]
PENDING, SENDING, DELIVERED, DEAD, _ = OutboxStatus


def test_fields_come_back_from_the_outbox() -> None:
    """Names, values and reasons of a correction survive their storage, types included."""
    fields = (
        FieldCorrection("due_on", None, invoice().due_on, Reason.NEW),
        FieldCorrection("open_amount", invoice().gross_amount, None, Reason.ERP_CHANGED),
        FieldCorrection("status", "OLD", invoice().status, Reason.MIRRORED),
    )
    assert decode_fields(RecordType.INVOICE, encode_fields(fields)) == fields


def test_staging_and_claiming(sessions: Sessions) -> None:
    """A wish is staged once, claimed with its record's key and link, and claimed no second time."""
    with sessions.begin() as session:
        stage = Stage(session)
        assert stage.run(wish(phone="2")) == {(System.CRM, Staging.STAGED): 1}
        (claimed,) = claim_batch(session, record_type=RecordType.CUSTOMER, limit=9, now=EARLY)
        assert (str(claimed.key), claimed.salesforce_id) == ("C1", None)
        assert (claimed.changes, claimed.attempts) == ({"phone": "2"}, 0)
        assert (claimed.staged_at, claimed.target) == (EARLY, System.CRM)
        assert stage.states == [SENDING]
        assert stage.claim() == []


def test_the_same_wish_again_keeps_its_row(sessions: Sessions) -> None:
    """A run that wants what an earlier one staged changes nothing but who wants it."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        assert stage.run(wish(phone="2"), at=LATER) == {(System.CRM, Staging.KEPT): 1}
        (row,) = outbox(session)
        assert (row.status, row.staged_at, row.run_id) == (PENDING, EARLY, 2)


def test_another_wish_replaces_one_that_has_not_left(sessions: Sessions) -> None:
    """The row is staged anew: at once due, with all its attempts before it."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        postpone(session, 1, next_attempt_at=LATER, error="locked")
        assert stage.run(wish(phone="3")) == {(System.CRM, Staging.STAGED): 1}
        (row,) = outbox(session)
        assert (row.id, row.status, row.attempts, row.error) == (1, PENDING, 0, None)
        assert row.next_attempt_at == EARLY
        assert stage.wishes() == [{"phone": "3"}]


def test_the_same_wish_keeps_its_pause(sessions: Sessions) -> None:
    """Reconciling in between does not shorten the pause after a failure."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        postpone(session, 1, next_attempt_at=LATER, error="locked")
        stage.run(wish(phone="2"))
        (row,) = outbox(session)
        assert (row.next_attempt_at, row.attempts, row.error) == (LATER, 1, "locked")


def test_the_same_wish_while_it_is_sent_waits(sessions: Sessions) -> None:
    """What is on its way is not staged twice."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        assert stage.run(wish(phone="2")) == {(System.CRM, Staging.KEPT): 1}
        assert stage.states == [SENDING]


def test_another_wish_while_one_is_sent_becomes_a_row_of_its_own(sessions: Sessions) -> None:
    """What has left cannot be changed: the newer wish follows it, and is itself replaceable."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        stage.run(wish(phone="3"))
        stage.run(wish(phone="4"))
        assert stage.states == [SENDING, PENDING]
        assert stage.wishes() == [{"phone": "2"}, {"phone": "4"}]
        assert stage.run(wish(phone="4")) == {(System.CRM, Staging.KEPT): 1}


def test_each_target_has_its_own_row(sessions: Sessions) -> None:
    """One record may be corrected on both sides at once."""
    with sessions.begin() as session:
        stage = Stage(session)
        counts = stage.run(wish(name="N"), wish(System.ERP, phone="2"))
        assert counts == {(System.CRM, Staging.STAGED): 1, (System.ERP, Staging.STAGED): 1}
        assert stage.states == [PENDING, PENDING]
        assert stage.claim() == [1]
        assert count_waiting(session) == 0


def test_a_record_and_target_have_one_pending_row(sessions: Sessions) -> None:
    """The database itself refuses a second one."""
    with sessions() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        plain = outbox(session)[0]
        session.add(
            Outbox(
                record_id=plain.record_id,
                record_type=plain.record_type,
                target=plain.target,
                status=PENDING,
                fields="[]",
                staged_at=EARLY,
                next_attempt_at=EARLY,
            )
        )
        with pytest.raises(IntegrityError):
            session.flush()


# Dead letters


def test_a_dead_letter_is_not_tried_again_by_itself(sessions: Sessions) -> None:
    """The same wish stays dead, run after run."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        bury(session, 1, now=EARLY, error="FIELD_INTEGRITY: no")
        assert stage.run(wish(phone="2")) == {(System.CRM, Staging.DEAD): 1}
        assert stage.states == [DEAD]
        assert stage.claim() == []
        ((letter, error),) = dead_letters(session, limit=9)
        assert (letter.id, letter.attempts, error) == (1, 1, "FIELD_INTEGRITY: no")


def test_another_wish_revives_a_dead_letter(sessions: Sessions) -> None:
    """A value that was corrected at its source deserves another try."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        bury(session, 1, now=EARLY, error="no")
        assert stage.run(wish(phone="3")) == {(System.CRM, Staging.STAGED): 1}
        (row,) = outbox(session)
        assert (row.status, row.attempts, row.error, row.finished_at) == (PENDING, 0, None, None)
        assert stage.claim() == [1]


def test_a_dead_letter_that_nobody_wants_any_more_goes(sessions: Sessions) -> None:
    """Once both sides agree there is nothing left to replay."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        bury(session, 1, now=EARLY, error="no")
        stage.run()
        assert stage.states == []


def test_replaying_a_dead_letter(sessions: Sessions) -> None:
    """A person makes it due again, with all attempts before it."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        assert not replay(session, 1, now=LATER)  # not dead
        assert not replay(session, 99, now=LATER)
        stage.claim()
        bury(session, 1, now=EARLY, error="no")
        assert replay(session, 1, now=LATER)
        (row,) = outbox(session)
        assert (row.status, row.attempts, row.next_attempt_at) == (PENDING, 0, LATER)
        assert row.finished_at is None


def test_a_dead_letter_that_was_overtaken_is_not_replayed(sessions: Sessions) -> None:
    """A newer wish for the record is waiting already: the old one is history."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        stage.run(wish(phone="3"))
        bury(session, 1, now=EARLY, error="no")
        assert not replay(session, 1, now=LATER)
        assert stage.wishes()[-1] == {"phone": "3"}
        assert stage.states[-1] is PENDING


# Withdrawing


def test_a_wish_that_no_run_repeats_is_withdrawn(sessions: Sessions) -> None:
    """What has not left and is not wanted any more is taken back."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"), wish(System.ERP, name="N"))
        stage.run(wish(System.ERP, name="N"))
        assert stage.wishes() == [{"name": "N"}]
        stage.run()
        assert stage.states == []


def test_what_has_left_is_not_withdrawn(sessions: Sessions) -> None:
    """Sent is sent, and delivered is history; other types are another run's business."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        stage.run()
        assert stage.states == [SENDING]
        mark_delivered(session, [1], now=EARLY)
        stage.run()
        assert stage.states == [DELIVERED]
        (invoice_id,) = save_erp(session, invoice())
        stage_corrections(
            session,
            record_type=RecordType.INVOICE,
            corrections=[(invoice_id, wish(customer_number="C1"))],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
        stage.run()
        assert stage.states == [DELIVERED, PENDING]


def test_withdrawing_tells_how_many(sessions: Sessions) -> None:
    """The count is what was taken back."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"), wish(System.ERP, name="N"))
        run_id = new_run(session, LATER)
        count = withdraw_unwanted(session, record_type=RecordType.CUSTOMER, run_id=run_id)
        assert count == 2


def test_a_wish_whose_run_was_purged_can_be_withdrawn(sessions: Sessions) -> None:
    """A row that no run stands behind any more is not wanted by this one either."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        session.execute(update(Outbox).values(run_id=None))
        stage.run()
        assert stage.states == []


# Deliveries


def test_interrupted_deliveries_are_due_again(sessions: Sessions) -> None:
    """What a dead relay left SENDING to Salesforce is sent again; the ERP's side is not touched."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"), wish(System.ERP, name="N"))
        stage.claim()
        mark_offered(session, [2])
        assert release_interrupted(session, now=EARLY) == 1
        assert stage.states == [PENDING, SENDING]
        assert release_interrupted(session, now=EARLY) == 0


def test_an_interrupted_delivery_that_was_overtaken_is_dropped(sessions: Sessions) -> None:
    """A newer wish says all that the older did: only the newer is sent."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        stage.run(wish(phone="3"))
        assert release_interrupted(session, now=EARLY) == 0
        assert stage.wishes() == [{"phone": "3"}]
        assert stage.states == [PENDING]


def test_overtaken_rows_are_dropped(sessions: Sessions) -> None:
    """Only rows of the same record and target overtake."""
    with sessions.begin() as session:
        stage = Stage(session)
        (other,) = save_erp(session, customer(number="C2"))
        run_id = new_run(session, EARLY)
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[
                (stage.record_id, wish(phone="2")),
                (other, wish(phone="2")),
                (other, wish(System.ERP, name="N")),
            ],
            run_id=run_id,
            now=EARLY,
        )
        assert stage.claim() == [1, 2]
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[(stage.record_id, wish(phone="3"))],
            run_id=run_id,
            now=EARLY,
        )
        assert drop_overtaken(session, [1, 2]) == [2]
        assert [row.id for row in outbox(session)] == [2, 3, 4]
        assert drop_overtaken(session, []) == []


def test_a_postponed_delivery_waits(sessions: Sessions) -> None:
    """It is not claimed before its time, and counts its attempts."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        for attempt in (1, 2):
            assert stage.claim(LATER) == [1]
            postpone(session, 1, next_attempt_at=LATER, error="locked")
            assert outbox(session)[0].attempts == attempt
        assert stage.claim(LATER - timedelta(seconds=1)) == []
        assert count_due(session, now=EARLY) == {}
        assert count_due(session, now=LATER) == {RecordType.CUSTOMER: 1}
        assert count_waiting(session) == 1


def test_a_row_that_took_another_wish_on_its_way_is_not_settled(sessions: Sessions) -> None:
    """Landing, failing and dying are for rows that are being sent; a newer wish stays PENDING."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        mark_delivered(session, [1], now=EARLY)
        bury(session, 1, now=EARLY, error="no")
        postpone(session, 1, next_attempt_at=LATER, error="no")
        (row,) = outbox(session)
        assert (row.status, row.attempts, row.error) == (PENDING, 0, None)


def test_claims_are_taken_in_order_and_in_batches(sessions: Sessions) -> None:
    """The oldest first, no more than asked for."""
    with sessions.begin() as session:
        stage = Stage(session)
        ids = save_erp(session, *(customer(number=f"N{n}") for n in range(5)))
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[(one, wish(phone="2")) for one in ids],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
        sizes = []
        while batch := claim_batch(session, record_type=RecordType.CUSTOMER, limit=2, now=EARLY):
            sizes.append([one.id for one in batch])
        assert sizes == [[1, 2], [3, 4], [5]]
        assert stage.claim() == []


def test_a_document_waits_until_its_customer_is_in_salesforce(sessions: Sessions) -> None:
    """It names its customer by external id, which must be there, alive, and carry the key."""
    with sessions.begin() as session:
        save_erp(session, customer())
        (invoice_id,) = save_erp(session, invoice())
        stage_corrections(
            session,
            record_type=RecordType.INVOICE,
            corrections=[(invoice_id, wish(customer_number="C1"))],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )

        def claim() -> int:
            claimed = claim_batch(session, record_type=RecordType.INVOICE, limit=9, now=LATER)
            return len(claimed)

        assert claim() == 0
        seen = crm_record(customer())
        save_crm(session, seen)
        gone = crm_record(customer(), salesforce_id=seen.salesforce_id, deleted=True)
        save_crm(session, gone, read_at=LATER)
        assert claim() == 0
        keyless = crm_record(customer(), salesforce_id=seen.salesforce_id, erp_key=None)
        save_crm(session, keyless, read_at=LATER + timedelta(hours=1))
        assert claim() == 0
        save_crm(session, seen, read_at=LATER + timedelta(hours=2))
        assert claim() == 1


# Housekeeping


def test_purging_forgets_what_landed_long_ago(sessions: Sessions) -> None:
    """Only delivered corrections go, and only after their time."""
    with sessions.begin() as session:
        stage = Stage(session)
        stage.run(wish(phone="2"))
        stage.claim()
        mark_delivered(session, [1], now=EARLY)
        stage.run(wish(phone="3"))
        assert purge_delivered(session, before=EARLY) == 0
        assert purge_delivered(session, before=LATER) == 1
        assert stage.states == [PENDING]


def test_counts_by_target_and_status(sessions: Sessions) -> None:
    """The overview's figures."""
    with sessions.begin() as session:
        stage = Stage(session)
        assert count_by_status(session) == {}
        stage.run(wish(phone="2"), wish(System.ERP, name="N"))
        stage.claim()
        assert count_by_status(session) == {
            (System.CRM, SENDING): 1,
            (System.ERP, PENDING): 1,
        }
