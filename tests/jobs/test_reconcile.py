"""Reconcile: decide what differs, and record the decision in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.records import Customer, RecordType, System, key_of
from bridge.operations.breaks import BreakView, list_breaks
from bridge.operations.changes import acknowledge_changes, fetch_changes
from bridge.operations.lookup import RecordState, get_record
from bridge.store.models import RunStatus
from tests.builders import credit_memo, customer, invoice, payment
from tests.jobs.world import World
from tests.storing import version_of

CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"


# What makes no difference to the database runs on one of them.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def kinds(world: World) -> list[tuple[str, str, str]]:
    """Open breaks: key, kind and field."""

    def key(one: BreakView) -> str:
        return str(one.key) if one.key else "stranger"

    return sorted((key(one), str(one.kind), one.field) for one in list_breaks(world.sessions))


def many(count: int) -> Sequence[Customer]:
    return [customer(number=f"N{n:02d}", credit_limit=Decimal(100)) for n in range(count)]


def customers(world: World, **options: Any) -> dict[str, Any]:
    """Reconciles the customers; the type's summary."""
    summary: dict[str, Any] = world.do(CUSTOMERS, **options)["types"]["CUSTOMER"]
    return summary


# Refusing


@ON_SQLITE
@pytest.mark.parametrize("job", [CUSTOMERS, FINANCIALS])
def test_nothing_is_decided_before_salesforce_was_read(world: World, job: str) -> None:
    """Else everything would look missing there; the run says what to do first."""
    world.submit(customer())
    report = world.run(job)
    assert report.status is RunStatus.REFUSED
    assert report.error == "Salesforce has not been read yet: run the job `fetch` first"
    assert (world.counts()["outbox"], world.counts()["break"]) == (0, 0)


@ON_SQLITE
def test_a_dry_fetch_is_no_fetch(world: World) -> None:
    """What was not stored cannot be compared."""
    world.do("fetch", dry_run=True)
    assert world.run(CUSTOMERS).status is RunStatus.REFUSED


@ON_SQLITE
def test_nothing_is_decided_by_old_knowledge(world: World) -> None:
    """A day after the last fetch, Salesforce may be another; --force does not help."""
    world.submit(customer())
    world.do("fetch")
    world.tick(hours=25)
    for force in (False, True):
        report = world.run(CUSTOMERS, force=force)
        assert report.status is RunStatus.REFUSED
        assert "more than 24 hours ago: run the job `fetch` first" in (report.error or "")
    world.do("fetch", CUSTOMERS)


def test_an_emptied_salesforce_is_refused(world: World) -> None:
    """Two thirds of the Accounts gone at once are a mistake rather than a decision."""
    world.submit(*many(30))
    world.settle()
    world.do(CUSTOMERS)
    world.delete("Account", *(f"N{n:02d}" for n in range(20)))
    world.do("fetch")
    before = world.counts()
    report = world.run(CUSTOMERS)
    assert report.status is RunStatus.REFUSED
    assert report.error == (
        "CRM held 30 records of type CUSTOMER at the last run and holds 10 now:"
        " if that is right, run again with --force and a --reason"
    )
    after = world.counts()
    assert {name for name in after if after[name] != before[name]} == {"run", "audit_entry"}
    assert customers(world, force=True)["breaks_open"] == {"MISSING_IN_CRM": 20}
    assert customers(world)["breaks_open"] == {"MISSING_IN_CRM": 20}


@ON_SQLITE
@pytest.mark.parametrize(("held", "deleted"), [(19, 19), (30, 15)])
def test_a_side_that_is_small_or_half_full_is_not_refused(
    world: World, held: int, deleted: int
) -> None:
    """Few records may well all go, and half of many."""
    world.submit(*many(held))
    world.settle()
    world.do(CUSTOMERS)
    world.delete("Account", *(f"N{n:02d}" for n in range(deleted)))
    world.do("fetch")
    assert customers(world)["breaks_open"] == {"MISSING_IN_CRM": deleted}


# Deciding


def test_new_records_are_sent_and_agreed(world: World) -> None:
    """From the ERP to Salesforce and back, then nothing differs any more."""
    world.submit(customer(), invoice(), payment(), credit_memo())
    world.do("fetch")
    assert customers(world)["corrections"] == {"CRM": 1}
    types = world.do(FINANCIALS)["types"]
    assert {name: one["corrections"] for name, one in types.items()} == {
        "INVOICE": {"CRM": 1},
        "PAYMENT": {"CRM": 1},
        "CREDIT_MEMO": {"CRM": 1},
    }
    world.do("relay", "fetch")
    for job in (CUSTOMERS, FINANCIALS):
        summary = world.do(job)
        for one in summary["types"].values():
            assert (one["records"], one["differing"]) == (1, 0)
        for line in summary["totals"]:
            assert all(Decimal(part) == 0 for part in line["difference"].values()), line
    view = get_record(world.sessions, key=key_of(invoice()))
    assert view.state is RecordState.AGREED


def test_changes_go_both_ways_by_survivorship(world: World) -> None:
    """Each field to the side that has to take it; what a person decides is a break."""
    world.submit(customer(), customer(number="C2"))
    world.settle()
    world.do(CUSTOMERS)
    world.submit(customer(name="ERP name", billing_city="Bonn", credit_limit=Decimal(7), phone="1"))
    world.change(
        "Account", "C1", Name="CRM name", BillingCity="Rome", Phone="2", BillingStreet="Via 1"
    )
    world.change("Account", "C2", ERP_Status__c="BLOCKED")
    world.do("fetch")
    summary = customers(world)
    assert summary["differing"] == 2
    assert summary["corrections"] == {"CRM": 2, "ERP": 1}
    assert kinds(world) == [("C1", "CONFLICT", "billing_city")]
    world.do("relay")
    account = world.rows("Account", "Name", "Credit_Limit__c", "ERP_Status__c", "BillingCity")
    assert account["C1"].fields["Name"] == "ERP name"
    assert account["C1"].fields["BillingCity"] == "Rome"
    assert Decimal(str(account["C1"].fields["Credit_Limit__c"])) == 7
    assert account["C2"].fields["ERP_Status__c"] == "ACTIVE"
    page = fetch_changes(world.sessions, record_type=RecordType.CUSTOMER, after=0, limit=9)
    (change,) = page.changes
    assert {field.name: field.new for field in change.fields} == {
        "phone": "2",
        "billing_street": "Via 1",
    }
    acknowledge_changes(
        world.sessions, record_type=RecordType.CUSTOMER, up_to=page.next, now=world.clock()
    )
    world.do("fetch")
    settled = customers(world)
    assert (settled["corrections"], settled["breaks_open"]) == ({}, {"CONFLICT": 1})


def test_a_second_run_changes_nothing(world: World) -> None:
    """What is staged waits, what is broken stays the same break."""
    world.submit(customer(), customer(number="C2"))
    world.settle()
    world.do(CUSTOMERS)
    world.submit(customer(phone="1", billing_city="Bonn"))
    world.change("Account", "C1", BillingCity="Rome")
    world.change("Account", "C2", Phone="2")
    world.do("fetch")
    first = customers(world)
    assert (first["corrections"], first["breaks_opened"]) == ({"CRM": 1, "ERP": 1}, 1)
    before = world.counts()
    second = customers(world)
    assert (second["corrections"], second["waiting"]) == ({}, {"CRM": 1, "ERP": 1})
    assert (second["breaks_opened"], second["breaks_open"]) == (0, {"CONFLICT": 1})
    after = world.counts()
    grown = {name for name in after if after[name] != before[name]}
    assert grown == {"run", "audit_entry", "control_total"}


def test_what_settles_itself_is_withdrawn_and_cleared(world: World) -> None:
    """Both sides came to agree on their own: no correction leaves, no break stays."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    world.submit(customer(phone="1", billing_city="Bonn"))
    world.change("Account", "C1", BillingCity="Rome")
    world.do("fetch", CUSTOMERS)
    world.change("Account", "C1", Phone="1", BillingCity="Bonn")
    world.do("fetch")
    summary = customers(world)
    assert (summary["withdrawn"], summary["breaks_cleared"]) == (1, 1)
    assert (world.counts()["outbox"], kinds(world)) == (1, [])


def test_documents_wait_for_their_customer(world: World) -> None:
    """Held, shown, and sent once the customer has come."""
    world.submit(invoice(), payment())
    world.do("fetch", FINANCIALS)
    assert kinds(world) == [
        ("1000/I1", "CUSTOMER_UNKNOWN", ""),
        ("1000/P1", "CUSTOMER_UNKNOWN", ""),
    ]
    world.submit(customer())
    world.settle()
    assert kinds(world) == []
    assert set(world.rows("ERP_Invoice__c")) == {"1000/I1"}
    types = world.do(FINANCIALS)["types"]
    assert {one["differing"] for one in types.values()} == {0}


@ON_SQLITE
def test_what_only_salesforce_has(world: World) -> None:
    """A prospect is nobody's business; an invoice or a claimed key is a break."""
    world.create("Account", Name="Prospect")
    world.create("Account", Name="Claims", ERP_Key__c="C9")
    world.create("ERP_Invoice__c", Number__c="typed in")
    world.create("ERP_Payment__c", ERP_Key__c="1000/P9")
    world.do("fetch", CUSTOMERS, FINANCIALS)
    assert kinds(world) == [
        ("1000/P9", "MISSING_IN_ERP", ""),
        ("C9", "MISSING_IN_ERP", ""),
        ("stranger", "MISSING_IN_ERP", ""),
    ]


@ON_SQLITE
def test_a_deleted_account_is_never_made_again(world: World) -> None:
    """It is a break, also with new values from the ERP, and its documents wait."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    world.delete("Account", "C1")
    world.submit(customer(phone="1"), invoice())
    world.do("fetch", CUSTOMERS, FINANCIALS)
    assert kinds(world) == [("1000/I1", "CUSTOMER_UNKNOWN", ""), ("C1", "DELETED_AND_EDITED", "")]
    assert world.do("relay")["delivered"] == 0
    assert world.rows("Account") == {}


@ON_SQLITE
def test_a_value_that_could_not_be_read_is_a_break(world: World) -> None:
    """Also where the ERP holds nothing; the rest of the record is decided."""
    plain = customer(currency=None, credit_limit=None)
    world.submit(plain)
    world.settle()
    world.do(CUSTOMERS)
    world.submit(replace(plain, name="New"))
    world.change("Account", "C1", Currency_Code__c="XYQ")
    world.do("fetch")
    summary = customers(world)
    assert kinds(world) == [("C1", "UNFIT_VALUE", "currency")]
    assert summary["corrections"] == {"CRM": 1}


@ON_SQLITE
def test_what_only_looks_different_is_no_difference(world: World) -> None:
    """Neither a break nor a correction, and each side keeps its own way to write it."""
    plain = customer(tax_number="DE136695976", billing_city="Köln", name="Muster GmbH")
    world.submit(plain)
    world.settle()
    world.do(CUSTOMERS)
    world.change(
        "Account",
        "C1",
        Name="MUSTER  GmbH",
        BillingCity="KÖLN",
        BillingCountry="Germany",
        Phone="030 1234",
        Tax_Number__c="136 695 976",
    )
    world.do("fetch")
    summary = customers(world)
    assert (summary["differing"], summary["corrections"], kinds(world)) == (0, {}, [])
    world.submit(replace(plain, payment_terms="60 days net"))
    world.do(CUSTOMERS, "relay", "fetch", CUSTOMERS)
    row = world.rows("Account", "Name", "BillingCountry", "Phone", "Payment_Terms__c")["C1"].fields
    assert (row["Name"], row["BillingCountry"]) == ("MUSTER  GmbH", "Germany")
    assert (row["Phone"], row["Payment_Terms__c"]) == ("030 1234", "60 days net")


@ON_SQLITE
def test_a_country_goes_to_the_erp_by_its_code(world: World) -> None:
    """Salesforce holds names, the contract takes codes; what is no country is a break."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    world.change("Account", "C1", BillingCountry="Österreich")
    world.do("fetch")
    assert customers(world)["corrections"] == {"ERP": 1}
    page = fetch_changes(world.sessions, record_type=RecordType.CUSTOMER, after=0, limit=1)
    (change,) = page.changes[0].fields
    assert (change.old, change.new) == ("DE", "AT")
    world.change("Account", "C1", BillingCountry="Atlantis")
    world.do("fetch", CUSTOMERS)
    assert kinds(world) == [("C1", "UNFIT_VALUE", "billing_country")]


@ON_SQLITE
def test_totals_of_both_sides_stand_side_by_side(world: World) -> None:
    """Count, sums, hash total and difference, per currency, as of before the corrections."""
    world.submit(customer(), invoice(), invoice(number="I2", currency="USD"))
    world.settle()
    world.submit(invoice(gross_amount=Decimal("120.00")))
    totals = world.do(FINANCIALS)["totals"]
    lines = {(one["record_type"], one["currency"]): one for one in totals}
    assert set(lines) == {("INVOICE", "EUR"), ("INVOICE", "USD")}
    euros, dollars = lines["INVOICE", "EUR"], lines["INVOICE", "USD"]
    assert (euros["erp"]["amount"], euros["crm"]["amount"]) == ("120", "119")
    assert euros["difference"]["amount"] == "1"
    assert (euros["difference"]["count"], euros["difference"]["hash_total"]) == (0, 0)
    assert dollars["difference"]["amount"] == "0"


# Dry runs


def test_a_dry_run_writes_nothing_and_tells_all(world: World) -> None:
    """The summary is that of the run which then does it; no table changes, sequences apart."""
    world.submit(customer(), customer(number="C2"), invoice(), payment(customer_number="C9"))
    world.settle()
    world.submit(customer(phone="1", billing_city="Bonn"), invoice(purchase_order=None))
    world.change("Account", "C1", BillingCity="Rome")
    world.do("fetch")
    before = world.counts()
    for job in (CUSTOMERS, FINANCIALS):
        dry = world.run(job, dry_run=True)
        assert (dry.run_id, dry.status) == (None, RunStatus.SUCCEEDED)
        assert world.counts() == before
        real = world.run(job)
        assert real.summary == dry.summary
        before = world.counts()


@ON_SQLITE
def test_a_dry_run_refuses_as_the_run_would(world: World) -> None:
    """It says the same reason, and leaves no run behind."""
    report = world.run(CUSTOMERS, dry_run=True)
    assert report.status is RunStatus.REFUSED
    assert world.counts()["run"] == 0


@ON_SQLITE
def test_versions_of_both_systems_are_kept_apart(world: World) -> None:
    """What is decided is not yet agreed: that takes the other side's word."""
    world.submit(customer())
    world.do("fetch", CUSTOMERS)
    with world.sessions() as session:
        assert version_of(session, customer(), System.AGREED) is None
        assert version_of(session, customer(), System.CRM) is None
