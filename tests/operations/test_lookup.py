"""Someone asks what both systems say of a record."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordKey, RecordType, System, key_of
from bridge.operations.admission import NotPermitted
from bridge.operations.lookup import RecordState, RecordView, UnknownRecord, get_record
from bridge.operations.overview import replay_dead_letter
from bridge.store.breaks import Finding, clear_unfound, record_breaks
from bridge.store.change_feed import mark_offered
from bridge.store.models import RunStatus
from bridge.store.outbox import bury, mark_delivered
from bridge.store.runs import Ending, finish_run
from bridge.store.staging import stage_corrections
from bridge.store.totals import add_up, save_totals
from tests.builders import EARLY, crm_record, crm_values, customer, invoice
from tests.storing import new_run, save, save_crm, save_erp, wish

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)
KEY = key_of(customer())


def look(sessions: Sessions) -> RecordView:
    return get_record(sessions, key=KEY)


def agree(session: Session) -> int:
    (record_id,) = save_erp(session, customer())
    save_crm(session, crm_record(customer()))
    save(session, System.AGREED, KEY, crm_values(customer()))
    return record_id


def find(session: Session, record_id: int, kinds: Sequence[BreakKind]) -> int:
    run_id = new_run(session, EARLY)
    record_breaks(
        session,
        record_type=RecordType.CUSTOMER,
        found=[Finding(record_id, Break(kind, "why")) for kind in kinds],
        run_id=run_id,
        now=EARLY,
    )
    return run_id


def test_all_versions_stand_side_by_side(sessions: Sessions) -> None:
    """The ERP's whole record, the link, and each compared field as each version has it."""
    seen = crm_record(customer(), changes={"phone": "2"}, modified_at=LATER)
    with sessions.begin() as session:
        save_erp(session, customer())
        save_crm(session, seen)
        save(session, System.AGREED, KEY, crm_values(customer(), phone="3"))
    view = look(sessions)
    assert (view.key, view.salesforce_id) == (KEY, seen.salesforce_id)
    assert view.erp == customer()
    assert (view.erp_received_at, view.crm_modified_at) == (EARLY, LATER)
    assert not view.erp_deleted
    assert not view.crm_deleted
    by_name = {field.name: field for field in view.fields}
    phone = by_name["phone"]
    assert (phone.erp, phone.crm, phone.agreed) == (customer().phone, "2", "3")
    assert list(by_name) == list(crm_values(customer()))


def test_a_record_of_one_side(sessions: Sessions) -> None:
    """What the other side has not said is empty."""
    with sessions.begin() as session:
        save_crm(session, crm_record(customer(), deleted=False))
    view = look(sessions)
    assert (view.erp, view.erp_received_at, view.state) == (None, None, RecordState.NEW)
    assert {field.erp for field in view.fields} == {None}


@pytest.mark.parametrize("record_type", RecordType)
def test_an_unknown_record_is_told(sessions: Sessions, record_type: RecordType) -> None:
    """The message names what was asked for."""
    key = RecordKey(record_type, "" if record_type is RecordType.CUSTOMER else "1000", "X")
    with pytest.raises(UnknownRecord, match=f"no {record_type} {key} is known here"):
        get_record(sessions, key=key)


def test_a_deleted_account_is_shown(sessions: Sessions) -> None:
    """Someone deleted it in Salesforce."""
    seen = crm_record(customer())
    with sessions.begin() as session:
        save_crm(session, seen)
        gone = crm_record(customer(), salesforce_id=seen.salesforce_id, deleted=True)
        save_crm(session, gone, read_at=LATER)
    assert look(sessions).crm_deleted


# States


def test_new_until_a_run_has_decided(sessions: Sessions) -> None:
    """Submitted, nothing more."""
    with sessions.begin() as session:
        save_erp(session, customer())
    assert look(sessions).state is RecordState.NEW


def test_agreed_once_both_sides_are(sessions: Sessions) -> None:
    """Nothing open, nothing on its way."""
    with sessions.begin() as session:
        agree(session)
    assert look(sessions).state is RecordState.AGREED


@pytest.mark.parametrize("target", [System.CRM, System.ERP])
def test_pending_while_a_correction_is_on_its_way(sessions: Sessions, target: System) -> None:
    """To either side, until it was delivered."""
    with sessions.begin() as session:
        record_id = agree(session)
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[(record_id, wish(target, phone="2"))],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
    assert look(sessions).state is RecordState.PENDING
    with sessions.begin() as session:
        mark_offered(session, [1])
    assert look(sessions).state is RecordState.PENDING
    with sessions.begin() as session:
        mark_delivered(session, [1], now=EARLY)
    assert look(sessions).state is RecordState.AGREED


def test_failed_once_a_correction_is_a_dead_letter(sessions: Sessions) -> None:
    """Nothing is on its way any more: a person has to see to it, until it was replayed."""
    with sessions.begin() as session:
        record_id = agree(session)
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[(record_id, wish(System.CRM, phone="2"))],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
        mark_offered(session, [1])
        assert bury(session, 1, now=EARLY, error="refused")
    assert look(sessions).state is RecordState.FAILED
    replay_dead_letter(sessions, letter_id=1, by="anna", now=LATER)
    assert look(sessions).state is RecordState.PENDING


def decided(session: Session, until: datetime) -> None:
    """A run compared all customers up to here."""
    run_id = new_run(session, until)
    save_totals(session, run_id, add_up(session, RecordType.CUSTOMER, strangers=True))
    finish_run(session, run_id, Ending(status=RunStatus.SUCCEEDED, until=until), now=until)


@pytest.mark.parametrize("system", [System.ERP, System.CRM])
def test_changed_until_a_run_has_seen_the_newer_value(sessions: Sessions, system: System) -> None:
    """A value that differs from the agreement is undecided until a run has met it.

    What the run left so then is agreed: it is within the tolerance, or a person's decision.
    """
    newer = customer(phone="2")
    with sessions.begin() as session:
        agree(session)
        decided(session, EARLY)
    view = look(sessions)
    assert view.state is RecordState.AGREED
    with sessions.begin() as session:
        if system is System.ERP:
            save_erp(session, newer, at=LATER)
        else:
            seen = crm_record(newer, salesforce_id=view.salesforce_id)
            save_crm(session, seen, read_at=LATER)
    assert look(sessions).state is RecordState.CHANGED
    with sessions.begin() as session:
        decided(session, LATER)
    assert look(sessions).state is RecordState.AGREED


def test_changed_while_no_run_has_compared_anything(sessions: Sessions) -> None:
    """An agreement that a delivery made, and a newer value since."""
    with sessions.begin() as session:
        agree(session)
        save_erp(session, customer(phone="2"))
    assert look(sessions).state is RecordState.CHANGED


def test_changed_while_an_account_is_deleted_unseen(sessions: Sessions) -> None:
    """Read as deleted, and no run has made a break of it yet."""
    with sessions.begin() as session:
        agree(session)
        decided(session, EARLY)
    with sessions.begin() as session:
        gone = crm_record(customer(), salesforce_id=look(sessions).salesforce_id, deleted=True)
        save_crm(session, gone, read_at=LATER)
    assert look(sessions).state is RecordState.CHANGED


def test_held_while_only_the_customer_is_missing(sessions: Sessions) -> None:
    """It waits, and nobody has to do anything about this record."""
    with sessions.begin() as session:
        record_id = agree(session)
        find(session, record_id, [BreakKind.CUSTOMER_UNKNOWN])
    assert look(sessions).state is RecordState.HELD


@pytest.mark.parametrize(
    "kinds", [[BreakKind.CONFLICT], [BreakKind.CUSTOMER_UNKNOWN, BreakKind.CONFLICT]]
)
def test_a_break_outweighs_everything(sessions: Sessions, kinds: list[BreakKind]) -> None:
    """Someone must look, whatever else is going on; once it cleared, all is well again."""
    with sessions.begin() as session:
        record_id = agree(session)
        find(session, record_id, kinds)
    assert look(sessions).state is RecordState.BREAK
    with sessions.begin() as session:
        run_id = find(session, record_id, [])
        clear_unfound(session, record_type=RecordType.CUSTOMER, run_id=run_id, now=LATER)
    assert look(sessions).state is RecordState.AGREED


def test_gone_once_the_erp_no_longer_has_it(sessions: Sessions) -> None:
    """What it last said is still shown; a break that came of it weighs more."""
    with sessions.begin() as session:
        record_id = agree(session)
        save_erp(session, customer(), deleted=True)
    view = look(sessions)
    assert (view.state, view.erp_deleted, view.erp) == (RecordState.GONE, True, customer())
    with sessions.begin() as session:
        find(session, record_id, [BreakKind.MISSING_IN_ERP])
    assert look(sessions).state is RecordState.BREAK


def test_a_document_is_found_by_its_whole_key(sessions: Sessions) -> None:
    """Company code and number together."""
    with sessions.begin() as session:
        save_erp(session, invoice(), invoice(company_code="2000", purchase_order="other"))
    view = get_record(sessions, key=RecordKey(RecordType.INVOICE, "2000", "I1"))
    assert view.erp == invoice(company_code="2000", purchase_order="other")


def test_a_record_of_another_company_is_not_shown(sessions: Sessions) -> None:
    """Nor whether there is one; a customer has no company."""
    with sessions.begin() as session:
        save_erp(session, customer(), invoice())
    mine, theirs = frozenset({"1000"}), frozenset({"2000"})
    assert get_record(sessions, key=key_of(invoice()), companies=mine).erp == invoice()
    assert get_record(sessions, key=key_of(customer()), companies=theirs).erp == customer()
    for number in ("I1", "nobody's"):
        key = RecordKey(RecordType.INVOICE, "1000", number)
        with pytest.raises(NotPermitted, match="may not see records of company 1000"):
            get_record(sessions, key=key, companies=theirs)
