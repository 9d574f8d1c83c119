"""An operator asks how things stand."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordType, System, key_of
from bridge.operations.breaks import list_breaks
from bridge.operations.overview import (
    JobState,
    Overview,
    UnknownDeadLetter,
    UnknownRun,
    ask_for_run,
    get_overview,
    get_run,
    list_dead_letters,
    replay_dead_letter,
)
from bridge.store.breaks import Finding, record_breaks
from bridge.store.models import OutboxStatus, RunStatus
from bridge.store.outbox import bury, claim_batch
from bridge.store.runs import Ending, finish_run, start_run
from bridge.store.staging import stage_corrections
from tests.builders import EARLY, crm_record, customer
from tests.storing import new_run, outbox, save_crm, save_erp, wish

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)


def make_dead_letter(sessions: Sessions) -> None:
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[(record_id, wish(phone="2", name="N"))],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
        claim_batch(session, record_type=RecordType.CUSTOMER, limit=9, now=EARLY)
        bury(session, 1, now=EARLY, error="FIELD_INTEGRITY: no")


def test_nothing_happened_yet(sessions: Sessions) -> None:
    """Every job is listed, even one that never ran."""
    assert get_overview(sessions, jobs=["fetch", "relay"], now=LATER) == Overview(
        jobs=(
            JobState("fetch", None, None, None, None),
            JobState("relay", None, None, None, None),
        ),
        open_breaks={},
        breaks_not_counted_yet=0,
        corrections={},
    )


def test_jobs_breaks_and_corrections(sessions: Sessions) -> None:
    """The newest run of each job, what is open, and where corrections stand."""
    make_dead_letter(sessions)
    with sessions.begin() as session:
        run_id = start_run(session, job="fetch", now=EARLY)
        finish_run(session, run_id, Ending(status=RunStatus.FAILED, error="no"), now=LATER)
        (record_id,) = save_erp(session, customer())
        record_breaks(
            session,
            record_type=RecordType.CUSTOMER,
            found=[
                Finding(record_id, Break(BreakKind.CONFLICT, "d", f)) for f in ("name", "phone")
            ],
            run_id=run_id,
            now=EARLY,
        )
    overview = get_overview(sessions, jobs=["fetch"], now=LATER)
    assert overview.jobs == (JobState("fetch", RunStatus.FAILED, EARLY, LATER, "no"),)
    assert overview.open_breaks == {(RecordType.CUSTOMER, BreakKind.CONFLICT): 2}
    assert overview.corrections == {(System.CRM, OutboxStatus.DEAD): 1}


def test_open_breaks_are_listed(sessions: Sessions) -> None:
    """With the record, the field and both values; a stranger by its Salesforce id."""
    stranger = crm_record(customer(), erp_key=None)
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        save_crm(session, stranger)
        record_breaks(
            session,
            record_type=RecordType.CUSTOMER,
            found=[
                Finding(record_id, Break(BreakKind.CONFLICT, "changed", "phone", "1", None)),
                Finding(record_id + 1, Break(BreakKind.MISSING_IN_ERP, "unknown")),
            ],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
    first, second = list_breaks(sessions)
    assert (first.key, first.field, first.erp, first.crm) == (
        key_of(customer()),
        "phone",
        "1",
        None,
    )
    assert (first.kind, first.detail, first.opened_at) == (BreakKind.CONFLICT, "changed", EARLY)
    assert (second.key, second.salesforce_id) == (None, stranger.salesforce_id)
    assert len(list_breaks(sessions, limit=1)) == 1
    assert list_breaks(sessions, record_type=RecordType.INVOICE) == []


def test_dead_letters_are_listed_and_replayed(sessions: Sessions) -> None:
    """What was given up, why, and the way back."""
    make_dead_letter(sessions)
    (letter,) = list_dead_letters(sessions)
    assert (letter.id, str(letter.key), letter.target) == (1, "C1", System.CRM)
    assert (set(letter.fields), letter.attempts) == ({"phone", "name"}, 1)
    assert letter.error == "FIELD_INTEGRITY: no"
    replay_dead_letter(sessions, letter_id=1, by="anna", now=LATER)
    assert list_dead_letters(sessions) == []
    with sessions() as session:
        assert outbox(session)[0].status is OutboxStatus.PENDING


@pytest.mark.parametrize("letter_id", [1, 2])
def test_only_dead_letters_are_replayed(sessions: Sessions, letter_id: int) -> None:
    """An id that is none, or none any more, is told."""
    make_dead_letter(sessions)
    replay_dead_letter(sessions, letter_id=1, by="anna", now=LATER)
    with pytest.raises(UnknownDeadLetter, match=f"there is no dead letter {letter_id}"):
        replay_dead_letter(sessions, letter_id=letter_id, by="anna", now=LATER)


def test_asking_for_a_run(sessions: Sessions, now: datetime) -> None:
    """The id of the run that will be, and its way to the end."""
    run_id = ask_for_run(sessions, job="fetch", now=now)
    asked = get_run(sessions, run_id=run_id)
    assert (asked.job, asked.status, asked.ended) == ("fetch", RunStatus.REQUESTED, False)
    with sessions.begin() as session:
        assert start_run(session, job="fetch", now=now) == run_id
    assert not get_run(sessions, run_id=run_id).ended
    with sessions.begin() as session:
        ending = Ending(status=RunStatus.SUCCEEDED, summary={"read": 3})
        finish_run(session, run_id, ending, now=now)
    done = get_run(sessions, run_id=run_id)
    assert (done.ended, done.summary, done.error) == (True, {"read": 3}, None)


def test_an_unknown_run_is_told(sessions: Sessions) -> None:
    """By its number."""
    with pytest.raises(UnknownRun, match="there is no run 7"):
        get_run(sessions, run_id=7)
