"""Relay: corrections staged for Salesforce are sent until each has landed or died."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType, System
from bridge.operations.breaks import list_breaks
from bridge.operations.overview import (
    list_dead_letters,
    replay_dead_letter,
)
from bridge.sandbox import SandboxServer, Setup
from bridge.store.models import Outbox, OutboxStatus, RunStatus
from bridge.store.outbox import StagedCorrection, claim_batch
from bridge.store.staging import stage_corrections
from tests.builders import EARLY, credit_memo, crm_record, customer, invoice, payment
from tests.jobs.conftest import settings_of
from tests.jobs.world import Clock, World, build_world
from tests.salesforce.orgs import altered_schema
from tests.salesforce.scripted import Asked, Reply, Server, envelope, fault
from tests.storing import new_run, outbox, save_crm, save_erp, values_in, wish

PENDING, SENDING, DELIVERED, DEAD, UNANSWERED = OutboxStatus
CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"


# What makes no difference to the database runs on one of them.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def statuses(world: World) -> list[OutboxStatus]:
    with world.sessions() as session:
        return [row.status for row in outbox(session)]


# With the sandbox


def test_customers_come_before_their_documents(world: World) -> None:
    """One relay carries a customer and all its documents, each kind in as few calls as possible."""
    world.submit(payment(), credit_memo(), invoice(), customer())
    world.do("fetch", CUSTOMERS, FINANCIALS)
    summary = world.do("relay")
    assert summary["due"] == {"CUSTOMER": 1, "INVOICE": 1, "PAYMENT": 1, "CREDIT_MEMO": 1}
    assert (summary["delivered"], summary["waiting"], summary["dead"]) == (4, 0, 0)
    assert summary["salesforce_calls"] == {"queries": 4, "upserts": 4, "other": 1}
    assert summary["fewest_calls"] == 9
    account = world.rows("Account")["C1"]
    for sobject, key in (
        ("ERP_Invoice__c", "1000/I1"),
        ("ERP_Payment__c", "1000/P1"),
        ("ERP_Credit_Memo__c", "1000/M1"),
    ):
        assert world.rows(sobject, "Account__c")[key].fields["Account__c"] == account.id


def test_an_account_that_was_there_unread_is_no_trouble(world: World) -> None:
    """The look before sending finds it, and the next run decides field by field."""
    record = customer(phone=None)
    world.submit(record)
    world.do("fetch")
    world.create("Account", Name="Another", Phone="555", ERP_Key__c=record.number)
    world.do(CUSTOMERS)
    assert world.do("relay")["overtaken"] == 1
    read = world.do(CUSTOMERS)["types"]["CUSTOMER"]
    assert (read["breaks_open"], read["corrections"]) == ({}, {"CRM": 1, "ERP": 1})


@ON_SQLITE
def test_documents_wait_for_a_customer_that_did_not_arrive(world: World) -> None:
    """They stay pending, unblamed, until it does."""
    world.submit(customer(), invoice())
    world.do("fetch", FINANCIALS)
    summary = world.do("relay")
    assert (summary["delivered"], summary["waiting"]) == (0, 1)
    assert summary["salesforce_calls"]["upserts"] == 0
    world.do(CUSTOMERS)
    assert world.do("relay")["delivered"] == 2


@ON_SQLITE
def test_batches_are_as_large_as_allowed(
    engine: Engine, sandbox: SandboxServer, clock: Clock
) -> None:
    """All that is due is sent, in calls of the settings' size."""
    world = build_world(engine, clock, settings_of(sandbox, batch_size=10))
    world.submit(*(customer(number=f"N{n}") for n in range(25)))
    world.do("fetch", CUSTOMERS)
    summary = world.do("relay")
    assert (summary["delivered"], summary["salesforce_calls"]["upserts"]) == (25, 3)
    assert len(world.rows("Account")) == 25
    world.crm.close()


@ON_SQLITE
def test_one_bad_row_becomes_a_dead_letter(
    engine: Engine, tmp_path: Path, clock: Clock, sandbox_key: bytes
) -> None:
    """Salesforce refuses it for good: its neighbours land, a person can look and replay."""
    city = 'BillingCity = { type = "string", length = '
    schema = altered_schema(tmp_path, (f"{city}40", f"{city}5"))
    (tmp_path / "narrow.db.jwt-key.pem").write_bytes(sandbox_key)
    with SandboxServer(tmp_path / "narrow.db", clock=clock, setup=Setup(schema=schema)) as server:
        world = build_world(engine, clock, settings_of(server))
        cities = ("Rome", "Bologna", "Bari")
        world.submit(*(customer(number=city, billing_city=city) for city in cities))
        world.do("fetch", CUSTOMERS)
        summary = world.do("relay")
        assert (summary["delivered"], summary["dead"]) == (2, 1)
        assert set(world.rows("Account")) == {"Rome", "Bari"}
        (letter,) = list_dead_letters(world.sessions)
        assert (str(letter.key), letter.attempts) == ("Bologna", 1)
        assert letter.error.startswith("STRING_TOO_LONG")
        world.do("fetch", CUSTOMERS, "relay")
        assert len(list_dead_letters(world.sessions)) == 1
        replay_dead_letter(world.sessions, letter_id=letter.id, by="anna", now=world.clock())
        assert world.do("relay")["dead"] == 1
        world.submit(customer(number="Bologna", billing_city="Como"))
        world.do(CUSTOMERS)
        assert world.do("relay")["delivered"] == 1
        assert list_dead_letters(world.sessions) == []
        world.crm.close()


@ON_SQLITE
def test_an_unreachable_salesforce_loses_nothing(world: World, sandbox: SandboxServer) -> None:
    """The run fails in one line; every correction is due again, and none has aged."""
    world.submit(customer(), customer(number="C2"))
    world.do("fetch", CUSTOMERS)
    sandbox.stop()
    for _ in range(3):
        report = world.run("relay")
        assert report.status is RunStatus.FAILED
        assert "UNREACHABLE" in (report.error or "")
    with world.sessions() as session:
        assert [(row.status, row.attempts) for row in outbox(session)] == [(PENDING, 0)] * 2


def interrupt(world: World) -> list[StagedCorrection]:
    """A relay claims what is due, and dies."""
    with world.sessions.begin() as session:
        return claim_batch(session, record_type=RecordType.CUSTOMER, limit=200, now=world.clock())


@pytest.mark.parametrize("after_the_call", [False, True])
def test_an_interrupted_delivery_is_sent_again_once(world: World, after_the_call: bool) -> None:
    """Whether the process died before Salesforce's answer or after: there is one Account."""
    world.submit(customer())
    world.do("fetch", CUSTOMERS)
    batch = interrupt(world)
    if after_the_call:
        mapping = world.context.mappings[RecordType.CUSTOMER]
        rows = [mapping.write(one.key, one.changes) for one in batch]
        assert world.crm.upsert("Account", "ERP_Key__c", rows)[0].created
    assert statuses(world) == [SENDING]
    summary = world.do("relay")  # which looks before it sends
    assert (summary["delivered"], summary["overtaken"]) == ((0, 1) if after_the_call else (1, 0))
    assert world.do("relay")["delivered"] == 0
    assert list(world.rows("Account")) == ["C1"]
    world.do("fetch")
    assert world.do(CUSTOMERS)["types"]["CUSTOMER"]["differing"] == 0


def test_a_change_that_meets_a_deleted_record_enters_no_other(world: World) -> None:
    """It is taken back, and the next run finds the break."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    world.submit(customer(name="New"))
    world.do(CUSTOMERS)
    world.delete("Account", "C1")
    summary = world.do("relay")
    assert (summary["delivered"], summary["dead"], summary["overtaken"]) == (0, 0, 1)
    world.do("fetch", CUSTOMERS)
    assert [str(one.kind) for one in list_breaks(world.sessions)] == ["DELETED_AND_EDITED"]
    summary = world.do("relay")
    assert (summary["delivered"], summary["waiting"]) == (0, 0)
    assert world.rows("Account") == {}


@ON_SQLITE
def test_what_somebody_has_changed_since_the_decision_stays(world: World) -> None:
    """Nobody's edit is overwritten unseen: the next run meets both, and Salesforce's phone wins."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    world.submit(customer(phone="+49 30 77", name="New"))
    world.do(CUSTOMERS)
    world.change("Account", "C1", Phone="+49 30 88")
    summary = world.do("relay")
    assert (summary["overtaken"], summary["delivered"], summary["waiting"]) == (1, 0, 0)
    assert world.do(CUSTOMERS)["types"]["CUSTOMER"]["corrections"] == {"CRM": 1, "ERP": 1}
    assert world.do("relay")["delivered"] == 1
    account = world.rows("Account", "Name", "Phone")["C1"]
    assert (account.fields["Name"], account.fields["Phone"]) == ("New", "+49 30 88")


@ON_SQLITE
def test_what_landed_without_an_answer_is_no_change_of_salesforce(
    world: World, ask_for_faults: Callable[[str], None]
) -> None:
    """The ERP's newer phone goes there, and does not meet its own older one as Salesforce's."""
    world.submit(customer(), customer(number="C2"))
    world.settle()
    world.do(CUSTOMERS)
    world.submit(customer(phone="+49 30 77"), customer(number="C2", phone="+49 30 77"))
    world.do(CUSTOMERS)
    ask_for_faults('[[fault]]\nkind = "lost"\noperations = ["update"]')
    assert world.run("relay").status is RunStatus.FAILED
    ask_for_faults("")
    world.submit(customer(phone="+49 30 78"), customer(number="C2"))
    world.do("fetch")
    summary = world.do(CUSTOMERS)["types"]["CUSTOMER"]
    assert (summary["corrections"], summary["breaks_open"]) == ({"CRM": 2}, {})
    world.do("relay", "fetch", CUSTOMERS)
    phones = {key: row.fields["Phone"] for key, row in world.rows("Account", "Phone").items()}
    assert phones == {"C1": "+49 30 78", "C2": customer().phone}
    assert set(statuses(world)) == {DELIVERED}


@ON_SQLITE
def test_a_merge_while_a_change_is_on_its_way_doubles_nobody(world: World) -> None:
    """The change goes to the record that won, once that has the link; nothing is entered anew."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    winner = world.create("Account", Name="Other")
    world.submit(customer(name="New"))
    world.do("fetch", CUSTOMERS)
    world.merge(winner, world.id_of("Account", "C1"))
    assert world.do("relay")["delivered"] == 0
    for _ in range(2):
        world.do("fetch", CUSTOMERS, "relay")
    (account,) = world.rows("Account", "Name").values()
    assert (account.id, account.fields["Name"]) == (winner, "New")


@ON_SQLITE
def test_what_does_not_name_the_customer_does_not_wait_for_it(world: World) -> None:
    """The invoice is put right, though its Account was deleted and a break waits for that."""
    world.submit(customer(), invoice())
    world.settle()
    world.do(CUSTOMERS, FINANCIALS)
    world.delete("Account", "C1")
    world.change("ERP_Invoice__c", "1000/I1", Purchase_Order__c="PO-8")
    world.do("fetch", CUSTOMERS, FINANCIALS)
    summary = world.do("relay")
    assert (summary["delivered"], summary["waiting"]) == (1, 0)
    row = world.rows("ERP_Invoice__c", "Purchase_Order__c")["1000/I1"]
    assert row.fields["Purchase_Order__c"] == "PO-7"


def test_an_account_that_got_its_key_since_it_was_read(world: World) -> None:
    """The link goes to the key that it was given, and what it lacks follows."""
    world.create("Account", Name="Muster")
    world.do("fetch")
    (stranger,) = world.rows("Account").values()
    world.submit(customer())
    world.do(CUSTOMERS)
    world.change("Account", "None", ERP_Key__c="C1")
    assert world.do("relay")["overtaken"] == 1
    world.do(CUSTOMERS)
    assert world.do("relay")["delivered"] == 1
    assert world.rows("Account")["C1"].id == stranger.id
    world.do("fetch")
    assert world.do(CUSTOMERS)["types"]["CUSTOMER"]["differing"] == 0


@ON_SQLITE
def test_an_account_whose_key_was_given_away_stops_nobody(world: World) -> None:
    """Somebody overwrote C1's key with C2: the rest is delivered, and C2 waits for a person."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    world.change("Account", "C1", ERP_Key__c="C2")
    world.submit(customer(number="C2"), customer(number="C3"))
    world.do(CUSTOMERS)
    summary = world.do("relay")
    assert (summary["delivered"], summary["dead"]) == (1, 1)
    (letter,) = list_dead_letters(world.sessions)
    assert str(letter.key) == "C2"
    assert letter.error == (
        "Salesforce keeps this External ID on the record of C1: correct it there"
    )
    world.do("fetch", CUSTOMERS)
    (one,) = list_breaks(world.sessions)
    assert (str(one.key), one.kind) == ("C1", "KEY_MISMATCH")
    assert world.do("relay")["dead"] == 0


def test_a_dry_run_sends_nothing(world: World) -> None:
    """It tells what is due, and leaves interrupted deliveries as they are."""
    world.submit(customer())
    world.do("fetch", CUSTOMERS)
    interrupt(world)
    world.submit(customer(number="C2"))
    world.do(CUSTOMERS)
    summary = world.do("relay", dry_run=True)
    assert summary["due"] == {"CUSTOMER": 2}
    assert summary["salesforce_calls"]["upserts"] == 0
    assert statuses(world) == [SENDING, PENDING]
    assert world.rows("Account") == {}


@ON_SQLITE
def test_nothing_due_is_nothing_done(world: World) -> None:
    """Also while corrections for the ERP wait."""
    with world.sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        stage(session, record_id, System.ERP)
    summary = world.do("relay")
    assert (summary["due"], summary["delivered"], summary["waiting"]) == ({}, 0, 0)
    assert summary["salesforce_calls"] == {"queries": 0, "upserts": 0, "other": 0}


# With a Salesforce that has troubles


def stage(session: Session, record_id: int, target: System = System.CRM, phone: str = "2") -> None:
    stage_corrections(
        session,
        record_type=RecordType.CUSTOMER,
        corrections=[(record_id, wish(target, old={"phone": customer().phone}, phone=phone))],
        run_id=new_run(session, EARLY),
        now=EARLY,
    )


def stage_customers(world: World, count: int) -> None:
    """So many linked customers whose phone is to change."""
    with world.sessions.begin() as session:
        for n in range(count):
            record = customer(number=f"C{n}")
            (record_id,) = save_erp(session, record)
            save_crm(session, crm_record(record, salesforce_id=id_number(n)))
            stage(session, record_id)


def id_number(n: int) -> str:
    return f"{n:018d}"


def results(*codes: str) -> Reply:
    """A write's results: "" for a row that landed, or the status code of its error."""
    rows = [
        f"<result><created>false</created><success>{'false' if code else 'true'}</success>"
        + (f"<errors><statusCode>{code}</statusCode><message>no</message></errors>" if code else "")
        + "</result>"
        for code in codes
    ]
    return Reply(200, envelope(f"<upsertResponse>{''.join(rows)}</upsertResponse>"))


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    waiting = iter(replies)
    return lambda _: next(waiting)


@ON_SQLITE
def test_a_passing_refusal_is_tried_again_after_growing_pauses(
    scripted_world: World, scripted: Server
) -> None:
    """Thirty seconds, then twice as long each time, an hour at most; and not for ever."""
    world = scripted_world
    stage_customers(world, 1)
    scripted.answer = lambda _: results("UNABLE_TO_LOCK_ROW")
    pauses = []
    for attempt in range(1, 12):
        started = world.clock() + timedelta(seconds=1)
        assert world.do("relay")["postponed"] == 1
        with world.sessions() as session:
            (row,) = outbox(session)
        assert (row.status, row.attempts) == (PENDING, attempt)
        assert row.error == "UNABLE_TO_LOCK_ROW: no"
        pauses.append((row.next_attempt_at - started).total_seconds())
        world.clock.moment = row.next_attempt_at - timedelta(seconds=2)
        assert world.do("relay")["due"] == {}
        world.clock.moment = row.next_attempt_at
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    assert world.do("relay")["dead"] == 1
    assert statuses(world) == [DEAD]


def test_each_row_has_its_own_fate(scripted_world: World, scripted: Server) -> None:
    """Landed, postponed, given up: one call, three endings."""
    stage_customers(scripted_world, 3)
    scripted.answer = in_turn(results("", "UNABLE_TO_LOCK_ROW", "FIELD_INTEGRITY_EXCEPTION"))
    summary = scripted_world.do("relay")
    assert (summary["delivered"], summary["postponed"], summary["dead"]) == (1, 1, 1)
    assert summary["waiting"] == 1
    assert statuses(scripted_world) == [DELIVERED, PENDING, DEAD]
    with scripted_world.sessions() as session:
        phones = [
            (values_in(session, customer(number=f"C{n}"), System.CRM) or {})["phone"]
            for n in range(3)
        ]
        assert phones == ["2", customer().phone, customer().phone]


@ON_SQLITE
def test_a_call_that_fails_as_a_whole_is_nobodys_fault(
    scripted_world: World, scripted: Server
) -> None:
    """All of its rows are due again at once, with as many attempts left as before."""
    stage_customers(scripted_world, 2)
    scripted.answer = lambda _: fault("SERVER_UNAVAILABLE")
    report = scripted_world.run("relay")
    assert report.status is RunStatus.FAILED
    assert report.error == "Salesforce: SERVER_UNAVAILABLE: as told"
    with scripted_world.sessions() as session:
        assert {(row.status, row.attempts) for row in outbox(session)} == {(PENDING, 0)}
    scripted.answer = in_turn(results("", ""))
    assert scripted_world.do("relay")["delivered"] == 2


@ON_SQLITE
def test_a_call_that_is_too_large_is_halved(scripted_world: World, scripted: Server) -> None:
    """Until it fits; each row is sent in one call that succeeds."""
    stage_customers(scripted_world, 4)
    too_large = fault("EXCEEDED_MAX_SIZE_REQUEST")
    scripted.answer = in_turn(too_large, results("", ""), too_large, results(""), results(""))
    summary = scripted_world.do("relay")
    assert (summary["delivered"], summary["salesforce_calls"]["upserts"]) == (4, 5)
    assert statuses(scripted_world) == [DELIVERED] * 4


def test_a_newer_wish_overtakes_a_failed_one(scripted_world: World, scripted: Server) -> None:
    """While a correction is under way another is decided: only that one is sent again."""
    world = scripted_world
    stage_customers(world, 2)

    def decide_meanwhile(_: Asked) -> Reply:
        with world.sessions.begin() as session:
            for row in outbox(session):
                stage(session, row.record_id, phone="3")
        scripted.answer = in_turn(results("", ""))
        return results("UNABLE_TO_LOCK_ROW", "FIELD_INTEGRITY_EXCEPTION")

    scripted.answer = decide_meanwhile
    summary = world.do("relay")
    assert (summary["delivered"], summary["postponed"], summary["dead"]) == (2, 0, 0)
    assert statuses(world) == [DELIVERED, DELIVERED]
    with world.sessions() as session:
        assert (values_in(session, customer(number="C0"), System.CRM) or {})["phone"] == "3"


@ON_SQLITE
def test_a_row_that_is_sent_holds_what_changed_alone(
    scripted_world: World, scripted: Server
) -> None:
    """The corrected field; an emptied one is named so."""
    with scripted_world.sessions.begin() as session:
        (record_id,) = save_erp(session, customer())
        save_crm(session, crm_record(customer(), salesforce_id=id_number(1)))
        stage(session, record_id)
        session.execute(
            update(Outbox).values(
                fields='[{"name":"phone","old":"+49 30 1234","new":null,"reason":"ERP_CHANGED"}]'
            )
        )
    scripted.answer = in_turn(results(""))
    scripted_world.do("relay")
    (asked,) = [one for one in scripted.asked if one.operation == "update"]
    (row,) = asked.envelope.iterfind(".//{*}update/{*}sObjects")
    sent = {element.tag.rpartition("}")[2]: element.text for element in row}
    assert sent == {"type": "Account", "Id": id_number(1), "fieldsToNull": "Phone"}


@ON_SQLITE
def test_a_row_that_sinks_its_batch_is_found(scripted_world: World, scripted: Server) -> None:
    """The others land, it becomes a dead letter with the call's error."""
    stage_customers(scripted_world, 8)

    def choke(asked: Asked) -> Reply:
        if f"<sf:Id>{id_number(5)}<".encode() in asked.body:
            return fault("UNKNOWN_EXCEPTION", "boom")
        return results(*[""] * len(asked.envelope.findall(".//{*}sObjects")))

    scripted.answer = choke
    summary = scripted_world.do("relay")
    assert (summary["delivered"], summary["dead"]) == (7, 1)
    (letter,) = list_dead_letters(scripted_world.sessions)
    assert (str(letter.key), letter.error) == ("C5", "UNKNOWN_EXCEPTION: boom")
    assert summary["salesforce_calls"]["upserts"] < 10


@ON_SQLITE
def test_calls_of_one_type_that_are_refused_stop_no_other_type(
    scripted_world: World, scripted: Server
) -> None:
    """Nobody's record is condemned; they are tried again after ten minutes, not every minute."""
    world = scripted_world
    stage_customers(world, 3)
    with world.sessions.begin() as session:
        record = invoice(customer_number="C0")
        (record_id,) = save_erp(session, record)
        save_crm(session, crm_record(record), record_type=RecordType.INVOICE)
        stage_corrections(
            session,
            record_type=RecordType.INVOICE,
            corrections=[(record_id, wish(old={"purchase_order": "PO-7"}, purchase_order="PO-8"))],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
    scripted.answer = lambda asked: (
        fault("INSUFFICIENT_ACCESS") if b"<sf:Phone>" in asked.body else results("")
    )
    report = world.run("relay")
    assert report.status is RunStatus.FAILED
    assert report.error == "Salesforce: INSUFFICIENT_ACCESS: as told"
    assert report.summary["salesforce_calls"]["upserts"] == 1 + 3 + 1
    with world.sessions() as session:
        rows = outbox(session)
        assert [(row.status, row.attempts) for row in rows] == [(PENDING, 0)] * 3 + [(DELIVERED, 0)]
    assert world.do("relay")["due"] == {}
    world.tick(minutes=10)
    scripted.answer = in_turn(results("", "", ""))
    assert world.do("relay")["delivered"] == 3


@ON_SQLITE
def test_documents_of_one_customer_travel_side_by_side(
    scripted_world: World, scripted: Server
) -> None:
    """Whatever the order they were staged in: Salesforce locks each Account once."""
    world = scripted_world
    with world.sessions.begin() as session:
        for number in ("C1", "C2"):
            (record_id,) = save_erp(session, customer(number=number))
            save_crm(session, crm_record(customer(number=number)))
        for number in range(6):
            record = invoice(number=f"I{number}", customer_number=f"C{number % 2 + 1}")
            (record_id,) = save_erp(session, record)
            crm = crm_record(record, salesforce_id=id_number(number))
            save_crm(session, crm, record_type=RecordType.INVOICE)
            stage_corrections(
                session,
                record_type=RecordType.INVOICE,
                corrections=[
                    (record_id, wish(old={"purchase_order": "PO-7"}, purchase_order="PO-8"))
                ],
                run_id=new_run(session, EARLY),
                now=EARLY,
            )
    scripted.answer = in_turn(results(*[""] * 6))
    world.do("relay")
    sent = [e.text for e in scripted.asked[-1].envelope.iterfind(".//{*}sObjects/{*}Id")]
    assert sent == [id_number(number) for number in (0, 2, 4, 1, 3, 5)]


@ON_SQLITE
def test_what_salesforce_is_sure_to_refuse_is_not_sent(
    scripted_world: World, scripted: Server
) -> None:
    """A clear failure without a call, by what the org says of itself now; the others are sent."""
    world = scripted_world
    with world.sessions.begin() as session:
        for number, phone in enumerate(("x" * 41, "bell \u0007", "3")):
            record = customer(number=f"C{number}")
            (record_id,) = save_erp(session, record)
            save_crm(session, crm_record(record))
            stage(session, record_id, phone=phone)
    scripted.answer = in_turn(results(""))
    summary = world.do("relay")
    assert (summary["delivered"], summary["dead"]) == (1, 2)
    assert summary["salesforce_calls"] == {"queries": 0, "upserts": 1, "other": 2}
    letters = {str(one.key): one.error for one in list_dead_letters(world.sessions)}
    assert letters["C0"].startswith("STRING_TOO_LONG: Phone holds 40 characters, ")
    assert letters["C1"].startswith("UNWRITABLE_VALUE: 'bell \\x07' holds a control character")
    assert world.do("relay")["salesforce_calls"]["other"] == 0


DUPLICATE_RULE = """
[[objects.Account.duplicate_rules]]
name = "Same name"
fields = ["Name"]
action = "alert"
"""


@ON_SQLITE
def test_a_duplicate_is_a_break_with_the_records_that_it_would_double(
    engine: Engine, tmp_path: Path, clock: Clock, sandbox_key: bytes
) -> None:
    """It stays until somebody gives the record in Salesforce the key, or lets it pass."""
    schema = altered_schema(
        tmp_path, ("[objects.Contact]\n", f"{DUPLICATE_RULE}\n[objects.Contact]\n")
    )
    (tmp_path / "strict.db.jwt-key.pem").write_bytes(sandbox_key)
    with SandboxServer(tmp_path / "strict.db", clock=clock, setup=Setup(schema=schema)) as server:
        world = build_world(engine, clock, settings_of(server))
        there = world.create("Account", Name="Muster GmbH")
        world.submit(customer())
        world.do("fetch", CUSTOMERS)
        assert world.do("relay")["dead"] == 1
        (letter,) = list_dead_letters(world.sessions)
        assert letter.error.startswith("DUPLICATES_DETECTED")
        for _ in range(2):
            world.do("fetch", CUSTOMERS)
            (found,) = list_breaks(world.sessions)
            assert (str(found.key), found.kind, found.crm) == ("C1", "DUPLICATE_IN_CRM", there)
            assert (found.cause, found.evidence) == ("DUPLICATE", f"looks like {there}")
        world.change_by_id("Account", there, ERP_Key__c="C1")
        world.do("fetch", CUSTOMERS, "relay", "fetch", CUSTOMERS)
        assert list_breaks(world.sessions) == []
        assert list_dead_letters(world.sessions) == []
        world.crm.close()
