"""The ERP fetches what it has to change, and says when it has."""

from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.decisions import Correction
from bridge.domain.records import Customer, RecordType, System, key_of
from bridge.operations.changes import (
    ChangePage,
    FieldChange,
    acknowledge_changes,
    fetch_changes,
)
from bridge.store.models import OutboxStatus
from bridge.store.staging import stage_corrections
from tests.builders import EARLY, crm_record, crm_values, customer, invoice
from tests.storing import new_run, save, save_crm, save_erp, states, values_in, wish

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)
PENDING, SENDING, DELIVERED, *_ = OutboxStatus


def offer(sessions: Sessions, *pairs: tuple[Customer, Correction]) -> None:
    """A run wants these customers, agreed on before, to change."""
    with sessions.begin() as session:
        corrections = []
        for record, correction in pairs:
            (record_id,) = save_erp(session, record)
            save_crm(session, crm_record(record))
            save(session, System.AGREED, key_of(record), crm_values(record))
            corrections.append((record_id, correction))
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=corrections,
            run_id=new_run(session, EARLY),
            now=EARLY,
        )


def to_erp(phone: str, old: str | None = "+49 30 1234") -> Correction:
    return wish(System.ERP, old={"phone": old}, phone=phone)


def three(sessions: Sessions) -> None:
    """Changes 1 and 3 are for the ERP, 2 is for Salesforce, 4 for the ERP again."""
    offer(
        sessions,
        (customer(number="C1"), to_erp("1")),
        (customer(number="C2"), wish(name="N")),
        (customer(number="C3"), to_erp("3")),
        (customer(number="C4"), to_erp("4")),
    )


def fetch(sessions: Sessions, after: int = 0, limit: int = 100) -> ChangePage:
    return fetch_changes(sessions, record_type=RecordType.CUSTOMER, after=after, limit=limit)


def acknowledge(sessions: Sessions, up_to: int) -> int:
    return acknowledge_changes(sessions, record_type=RecordType.CUSTOMER, up_to=up_to, now=LATER)


def test_a_change_says_what_to_set(sessions: Sessions) -> None:
    """Record, link, field, the value as the ERP has it and the one to take."""
    offer(sessions, (customer(), to_erp("1")))
    (change,) = fetch(sessions).changes
    assert (change.sequence, str(change.key), change.staged_at) == (1, "C1", EARLY)
    assert change.salesforce_id is not None
    assert change.fields == (FieldChange("phone", "+49 30 1234", "1"),)


def test_pages_follow_each_other(sessions: Sessions) -> None:
    """`next` is where to go on, `more` whether that is worth while."""
    three(sessions)
    first = fetch(sessions, limit=2)
    assert ([one.sequence for one in first.changes], first.next, first.more) == ([1, 3], 3, True)
    second = fetch(sessions, after=first.next, limit=2)
    assert ([one.sequence for one in second.changes], second.next, second.more) == ([4], 4, False)
    third = fetch(sessions, after=second.next, limit=2)
    assert (third.changes, third.next, third.more) == ((), 4, False)


def test_a_full_last_page_has_no_more(sessions: Sessions) -> None:
    """Exactly as many changes as asked for are all there are."""
    three(sessions)
    assert not fetch(sessions, limit=3).more


def test_an_empty_feed(sessions: Sessions) -> None:
    """Nothing to change: the position stays."""
    assert fetch(sessions, after=17) == ChangePage((), next=17, more=False)


def test_what_is_not_acknowledged_is_shown_again(sessions: Sessions) -> None:
    """A consumer that lost a page asks for it again."""
    three(sessions)
    assert fetch(sessions) == fetch(sessions)


def test_acknowledging_moves_the_agreement(sessions: Sessions) -> None:
    """The ERP's version and AGREED take the value; the change is gone from the feed."""
    three(sessions)
    fetch(sessions)
    assert acknowledge(sessions, up_to=3) == 2
    with sessions() as session:
        for number, phone in (("C1", "1"), ("C3", "3"), ("C4", "+49 30 1234")):
            for system in (System.ERP, System.AGREED):
                values = values_in(session, customer(number=number), system) or {}
                assert values["phone"] == phone
        assert states(session) == [DELIVERED, PENDING, DELIVERED, SENDING]
    assert [one.sequence for one in fetch(sessions).changes] == [4]
    assert acknowledge(sessions, up_to=3) == 0


def test_what_was_never_shown_is_not_acknowledged(sessions: Sessions) -> None:
    """However high the number, only what the ERP has seen can be done."""
    three(sessions)
    fetch(sessions, limit=1)
    assert acknowledge(sessions, up_to=1_000_000) == 1
    assert [one.sequence for one in fetch(sessions).changes] == [3, 4]


def test_acknowledging_one_type_leaves_the_others(sessions: Sessions) -> None:
    """Each type's feed is its own."""
    three(sessions)
    fetch(sessions)
    done = acknowledge_changes(sessions, record_type=RecordType.INVOICE, up_to=99, now=LATER)
    assert done == 0
    assert fetch_changes(sessions, record_type=RecordType.INVOICE, after=0, limit=9).changes == ()


def test_a_shown_change_does_not_change_any_more(sessions: Sessions) -> None:
    """A newer wish comes as a change of its own, and both are acknowledged in their order."""
    offer(sessions, (customer(), to_erp("1")))
    fetch(sessions)
    offer(sessions, (customer(), to_erp("2")))
    page = fetch(sessions)
    assert [(one.sequence, one.fields[0].new) for one in page.changes] == [(1, "1"), (2, "2")]
    assert acknowledge(sessions, up_to=page.next) == 2
    with sessions() as session:
        assert (values_in(session, customer(), System.ERP) or {})["phone"] == "2"
        assert (values_in(session, customer(), System.AGREED) or {})["phone"] == "2"


def test_a_change_that_was_not_shown_is_replaced(sessions: Sessions) -> None:
    """The ERP sees the last wish alone."""
    offer(sessions, (customer(), to_erp("1")))
    offer(sessions, (customer(), to_erp("2")))
    assert [(one.sequence, one.fields[0].new) for one in fetch(sessions).changes] == [(1, "2")]


# Companies


def three_invoices(sessions: Sessions) -> None:
    """Changes 1 and 3 are of company 1000, 2 of company 2000."""
    with sessions.begin() as session:
        corrections = [
            (*save_erp(session, invoice(number=number, company_code=company)), to_erp_order())
            for number, company in (("I1", "1000"), ("I2", "2000"), ("I3", "1000"))
        ]
        stage_corrections(
            session,
            record_type=RecordType.INVOICE,
            corrections=corrections,
            run_id=new_run(session, EARLY),
            now=EARLY,
        )


def to_erp_order() -> Correction:
    return wish(System.ERP, old={"purchase_order": None}, purchase_order="PO")


def invoices_shown(sessions: Sessions, companies: set[str], limit: int = 9) -> list[int]:
    page = fetch_changes(
        sessions,
        record_type=RecordType.INVOICE,
        after=0,
        limit=limit,
        companies=frozenset(companies),
    )
    return [one.sequence for one in page.changes]


def invoices_acknowledged(sessions: Sessions, companies: set[str]) -> int:
    return acknowledge_changes(
        sessions,
        record_type=RecordType.INVOICE,
        up_to=9,
        companies=frozenset(companies),
        now=LATER,
    )


def test_each_company_s_changes_are_for_who_may_see_it(sessions: Sessions) -> None:
    """And a page is as full as it can be."""
    three_invoices(sessions)
    assert invoices_shown(sessions, {"1000"}, limit=2) == [1, 3]
    assert invoices_shown(sessions, {"2000", "3000"}) == [2]
    assert invoices_shown(sessions, {"3000"}) == []
    assert invoices_shown(sessions, set()) == [1, 2, 3]


def test_acknowledging_settles_the_permitted_companies_alone(sessions: Sessions) -> None:
    """Though another consumer was shown the others, too."""
    three_invoices(sessions)
    invoices_shown(sessions, set())
    assert invoices_acknowledged(sessions, {"2000"}) == 1
    with sessions() as session:
        assert states(session) == [SENDING, DELIVERED, SENDING]
    assert invoices_acknowledged(sessions, set()) == 2


def test_customers_have_no_company(sessions: Sessions) -> None:
    """Who may see any company may see them: their type is what restricts them."""
    offer(sessions, (customer(), to_erp("1")))
    page = fetch_changes(
        sessions,
        record_type=RecordType.CUSTOMER,
        after=0,
        limit=9,
        companies=frozenset({"9999"}),
    )
    assert [one.sequence for one in page.changes] == [1]
