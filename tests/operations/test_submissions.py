"""An ERP submits records."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import Customer, Record, RecordType, System, record_type_of
from bridge.operations.credentials import Consumer
from bridge.operations.rights import Rights
from bridge.operations.submissions import (
    MessageIdReused,
    Outcome,
    Receipt,
    UnknownMessageId,
    get_receipt,
    submit_records,
)
from bridge.store import models
from bridge.store.models import Submission, Version
from tests.builders import EARLY, EXAMPLES, credit_memo, crm_record, customer, invoice, payment
from tests.storing import save_crm, save_erp, values_in, version_of

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)
ACCEPTED, UNCHANGED, REJECTED = Outcome
Row = tuple[str, Outcome, str | None]


def submit(
    sessions: Sessions,
    *records: Record,
    message_id: str = "m1",
    now: datetime = EARLY,
    consumer: str = "erp",
    companies: Iterable[str] = (),
    snapshot_id: str | None = None,
) -> Receipt:
    return submit_records(
        sessions,
        consumer=Consumer(consumer, Rights(company_codes=frozenset(companies))),
        message_id=message_id,
        record_type=record_type_of(records[0]) if records else RecordType.CUSTOMER,
        records=records,
        snapshot_id=snapshot_id,
        now=now,
    )


def rows(receipt: Receipt) -> list[Row]:
    return [(one.number, one.outcome, one.code) for one in receipt.results]


def count(sessions: Sessions, table: type[models.Base]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("record_type", RecordType)
def test_a_record_is_stored_as_it_came(sessions: Sessions, record_type: RecordType) -> None:
    """Every type is accepted, and all its values are the ERP's version."""
    record = EXAMPLES[record_type]
    with sessions.begin() as session:
        save_erp(session, customer())
    receipt = submit(sessions, record)
    expected = UNCHANGED if record == customer() else ACCEPTED
    assert rows(receipt) == [(record.number, expected, None)]
    assert (receipt.message_id, receipt.received_at, receipt.replayed) == ("m1", EARLY, False)
    with sessions() as session:
        values = values_in(session, record, System.ERP) or {}
        assert {name: getattr(record, name) for name in values} == values


def test_the_same_record_again_is_unchanged(sessions: Sessions) -> None:
    """What the ERP said before is known anew, but has not changed; what is news has."""
    submit(sessions, customer())
    again = submit(sessions, customer(), message_id="m2", now=LATER)
    assert rows(again) == [("C1", UNCHANGED, None)]
    with sessions() as session:
        version = version_of(session, customer(), System.ERP)
        assert version is not None
        assert (version.modified_at, version.known_at) == (EARLY, LATER)
    changed = submit(sessions, customer(phone=None), message_id="m3", now=LATER)
    assert rows(changed) == [("C1", ACCEPTED, None)]
    with sessions() as session:
        version = version_of(session, customer(), System.ERP)
        assert version is not None
        assert (version.modified_at, version.known_at) == (LATER, LATER)
        assert (values_in(session, customer(), System.ERP) or {})["phone"] is None


def test_a_record_that_was_gone_is_back(sessions: Sessions) -> None:
    """Sent again, equal or not, it is no longer deleted."""
    with sessions.begin() as session:
        save_erp(session, customer(), deleted=True)
    assert rows(submit(sessions, customer())) == [("C1", ACCEPTED, None)]
    with sessions() as session:
        version = version_of(session, customer(), System.ERP)
        assert version is not None
        assert not version.deleted


def test_one_bad_record_never_sinks_its_neighbours(sessions: Sessions) -> None:
    """The good ones around it are stored; the bad one is named with its reason, and is not."""
    receipt = submit(
        sessions,
        customer(number="good"),
        customer(number="bad", currency="EURO"),
        customer(number="x" * 61),
        customer(number="fine"),
    )
    assert rows(receipt) == [
        ("good", ACCEPTED, None),
        ("bad", REJECTED, "UNKNOWN_CURRENCY"),
        ("x" * 61, REJECTED, "TEXT_TOO_LONG"),
        ("fine", ACCEPTED, None),
    ]
    assert receipt.results[1].message == "currency: 'EURO' is no ISO 4217 currency code"
    assert count(sessions, models.Record) == count(sessions, Version) == 2


def test_a_rejected_record_leaves_the_stored_one_alone(sessions: Sessions) -> None:
    """What was accepted before stays as it was."""
    submit(sessions, customer())
    submit(sessions, customer(name=""), message_id="m2")
    with sessions() as session:
        assert (values_in(session, customer(), System.ERP) or {})["name"] == "Muster GmbH"


def test_equal_rows_of_one_key_count_once(sessions: Sessions) -> None:
    """The same record three times is one record, with one result."""
    equal = invoice(), invoice(number="I2"), invoice(net_amount=Decimal("100.0"))
    receipt = submit(sessions, *equal)
    assert [row[:2] for row in rows(receipt)] == [("I1", ACCEPTED), ("I2", ACCEPTED)]


def test_differing_rows_of_one_key_are_all_rejected(sessions: Sessions) -> None:
    """Nobody can tell which is right; neighbours and what was stored before are not touched."""
    submit(sessions, customer(number="twice"))
    receipt = submit(
        sessions,
        customer(number="twice", name="One"),
        customer(number="once"),
        customer(number="twice", name="Two"),
        customer(number="twice", name="One"),
        message_id="m2",
    )
    assert rows(receipt) == [
        ("twice", REJECTED, "DUPLICATE_KEY"),
        ("once", ACCEPTED, None),
    ]
    assert receipt.results[0].message == "2 differing records of this submission carry this key"
    with sessions() as session:
        stored = values_in(session, customer(number="twice"), System.ERP) or {}
        assert stored["name"] == "Muster GmbH"


def test_one_number_in_two_companies_is_two_records(sessions: Sessions) -> None:
    """The company code is part of the key, and of the result."""
    receipt = submit(sessions, invoice(company_code="1000"), invoice(company_code="2000"))
    assert [(one.company_code, one.number) for one in receipt.results] == [
        ("1000", "I1"),
        ("2000", "I1"),
    ]
    assert count(sessions, Version) == 2


def test_warnings_do_not_reject(sessions: Sessions) -> None:
    """A suspicious record is stored, and its result carries code and message, each time."""
    with sessions.begin() as session:
        save_erp(session, customer())
    odd = invoice(tax_amount=Decimal(0))
    assert rows(submit(sessions, odd)) == [("I1", ACCEPTED, "TOTALS_DISAGREE")]
    again = submit(sessions, odd, message_id="m2")
    assert rows(again) == [("I1", UNCHANGED, "TOTALS_DISAGREE")]
    assert again.results[0].message == "gross 119.00 is not net 100.00 + tax 0"


@pytest.mark.parametrize("record", [invoice(), payment(), credit_memo()])
def test_a_document_of_an_unknown_customer_is_held(sessions: Sessions, record: Record) -> None:
    """It is accepted and says what it waits for, until the ERP sends the customer."""
    held = submit(sessions, record)
    assert rows(held) == [(record.number, ACCEPTED, "CUSTOMER_UNKNOWN")]
    assert held.results[0].message == "held until customer C1 is submitted"
    submit(sessions, customer(), message_id="m2")
    assert rows(submit(sessions, record, message_id="m3")) == [(record.number, UNCHANGED, None)]


def test_a_customer_that_only_salesforce_has_is_unknown(sessions: Sessions) -> None:
    """The ERP has to send it: its own number is what the document names."""
    with sessions.begin() as session:
        save_crm(session, crm_record(customer()))
    assert rows(submit(sessions, invoice()))[0][2] == "CUSTOMER_UNKNOWN"


def test_an_empty_submission_has_an_empty_receipt(sessions: Sessions) -> None:
    """Whoever asks for nothing gets nothing, once and again."""
    assert submit(sessions).results == ()
    assert submit(sessions).replayed


def test_hundreds_at_once(sessions: Sessions) -> None:
    """A whole submission of the contract's greatest size, in order."""
    many = [customer(number=f"N{n}") for n in range(500)]
    receipt = submit(sessions, *many)
    assert [one.number for one in receipt.results] == [one.number for one in many]
    assert {one.outcome for one in receipt.results} == {ACCEPTED}


# Replays


def test_a_replay_gives_the_stored_receipt(sessions: Sessions) -> None:
    """Same consumer, message id and payload: the same answer, marked, and nothing is written."""
    first = submit(sessions, customer(), customer(number="bad", name=""))
    submit(sessions, customer(name="Changed"), message_id="m2")
    again = submit(sessions, customer(), customer(number="bad", name=""), now=LATER)
    assert again == replace(first, replayed=True)
    with sessions() as session:
        assert (values_in(session, customer(), System.ERP) or {})["name"] == "Changed"


def test_a_used_message_id_with_another_payload_is_refused(sessions: Sessions) -> None:
    """Nothing of it is stored, and the message says what to do."""
    submit(sessions, customer())
    with pytest.raises(MessageIdReused, match="take a new message id for new records"):
        submit(sessions, customer(number="other"))
    assert count(sessions, Version) == 1


def test_a_used_message_id_with_another_type_is_refused(sessions: Sessions) -> None:
    """The same bytes sent to another operation are another payload."""
    submit(sessions, customer())
    with pytest.raises(MessageIdReused):
        submit(sessions, invoice())


def test_message_ids_belong_to_their_consumer(sessions: Sessions) -> None:
    """Two ERPs may count alike."""
    submit(sessions, customer())
    other = submit(sessions, invoice(), consumer="other")
    assert not other.replayed


def test_a_receipt_can_be_asked_for(sessions: Sessions) -> None:
    """A caller that timed out finds what was decided, and only its own."""
    receipt = submit(sessions, customer())
    asked = get_receipt(sessions, consumer="erp", message_id="m1")
    assert asked == replace(receipt, replayed=True)
    for consumer, message_id in (("erp", "m2"), ("other", "m1")):
        with pytest.raises(UnknownMessageId, match="nothing was stored, send it again"):
            get_receipt(sessions, consumer=consumer, message_id=message_id)


def test_a_submission_that_breaks_stores_nothing(sessions: Sessions) -> None:
    """Claim, versions and receipt are one transaction: after an error all may be sent again."""
    broken: Any = invoice(lines=("no line",))
    with pytest.raises((AttributeError, TypeError, KeyError)):
        submit(sessions, invoice(number="I2"), broken)
    assert count(sessions, Submission) == count(sessions, models.Record) == 0
    assert not submit(sessions, invoice()).replayed


# Many at once


def numbered(message: int) -> Sequence[Customer]:
    return [customer(number=f"{message}-{n}") for n in range(3)] + [customer(number="shared")]


def test_twenty_threads_send_the_same_messages_at_once(sessions: Sessions) -> None:
    """Twice ten messages by twenty threads each: each is applied once, all get one receipt.

    The second set races over records that the first has stored, with other values.
    """
    threads = 20
    for generation in ("a", "b"):
        meet = Barrier(threads)

        def send(thread: int, generation: str = generation, meet: Barrier = meet) -> list[Receipt]:
            meet.wait()
            order = [(thread + step) % 10 for step in range(10)]
            receipts = {
                message: submit(
                    sessions,
                    *(replace(one, phone=generation) for one in numbered(message)),
                    message_id=f"{generation}{message}",
                    now=EARLY + timedelta(seconds=thread),
                )
                for message in order
            }
            return [receipts[message] for message in range(10)]

        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(send, range(threads)))
        for of_one_message in zip(*answers, strict=True):
            assert len({replace(one, replayed=True) for one in of_one_message}) == 1
            assert [one.replayed for one in of_one_message].count(False) == 1
    assert count(sessions, Submission) == 20
    assert count(sessions, Version) == 31


# Companies


def test_a_record_of_another_company_is_rejected(sessions: Sessions) -> None:
    """By itself: the others of its call are stored, and of itself nothing is said or kept."""
    with sessions.begin() as session:
        save_erp(session, customer())
    receipt = submit(
        sessions,
        invoice(number="mine"),
        invoice(number="theirs", company_code="2000"),
        invoice(number="theirs", company_code="2000", purchase_order="differs"),
        companies=["1000", "3000"],
    )
    assert rows(receipt) == [
        ("mine", ACCEPTED, None),
        ("theirs", REJECTED, "COMPANY_NOT_PERMITTED"),
    ]
    assert receipt.results[1].message == "this consumer may not submit records of company 2000"
    with sessions() as session:
        assert version_of(session, invoice(number="mine"), System.ERP) is not None
        assert (
            version_of(session, invoice(number="theirs", company_code="2000"), System.ERP) is None
        )


@pytest.mark.parametrize("record_type", RecordType)
def test_companies_restrict_documents_alone(sessions: Sessions, record_type: RecordType) -> None:
    """A customer has none."""
    (result,) = submit(sessions, EXAMPLES[record_type], companies=["9999"]).results
    expected = ACCEPTED if record_type is RecordType.CUSTOMER else REJECTED
    assert result.outcome is expected


def test_a_repeat_gives_the_receipt_though_rights_changed(sessions: Sessions) -> None:
    """What was stored was stored; a new submission meets the new rights."""
    first = submit(sessions, invoice())
    again = submit(sessions, invoice(), companies=["9999"])
    assert again.results == first.results
    (result,) = submit(sessions, invoice(), message_id="m2", companies=["9999"]).results
    assert result.code == "COMPANY_NOT_PERMITTED"
