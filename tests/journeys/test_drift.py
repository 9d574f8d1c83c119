"""Both sides drift apart in 25 planted ways each; the table says exactly what must come of it."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

from bridge.domain.records import (
    Customer,
    CustomerStatus,
    DocumentStatus,
    Invoice,
    RecordType,
)
from bridge.operations.breaks import list_breaks
from bridge.operations.submissions import Outcome
from tests.journeys.world import World

CUSTOMERS = [
    Customer(
        number=f"C{n:02}",
        name=f"Company {n}",
        tax_number=f"DE{n:09}",
        email=f"c{n}@example.com",
        phone=f"+49 {n}",
        website=f"https://c{n}.example",
        billing_street=f"Street {n}",
        billing_city=f"City {n}",
        billing_country="DE",
        currency="EUR",
        credit_limit=Decimal(1_000),
        status=CustomerStatus.ACTIVE,
    )
    for n in range(60)
]
INVOICES = [
    Invoice(
        company_code="1000",
        number=f"{n}",
        customer_number=f"C{n:02}",
        issued_on=date(2026, 1, 15),
        currency="EUR",
        net_amount=Decimal("100.125"),
        tax_amount=Decimal("19.025"),
        gross_amount=Decimal("119.15"),
        open_amount=Decimal("119.15"),
        status=DocumentStatus.OPEN,
    )
    for n in range(40)
]


def plant(world: World) -> tuple[Counter[str], Counter[str]]:
    """Plants 25 changes on each side. Returns the corrections and breaks that they demand."""
    corrections: Counter[str] = Counter()
    breaks: Counter[str] = Counter()
    customers, invoices = [], []

    # 12 on either side of different customers: each is carried to the other side
    for n in range(12):
        customers.append(replace(CUSTOMERS[n], billing_street=f"New street {n}"))
        corrections["CUSTOMER for CRM"] += 1
    for n in range(12, 24):
        world.edit("Account", f"C{n:02}", Website=f"https://new{n}.example")
        corrections["CUSTOMER for ERP"] += 1

    # 5 customers changed on both sides in different fields: one correction each way
    for n in range(24, 29):
        customers.append(replace(CUSTOMERS[n], billing_street=f"New street {n}"))
        world.edit("Account", f"C{n:02}", Phone=f"+1 {n}")
        corrections["CUSTOMER for CRM"] += 1
        corrections["CUSTOMER for ERP"] += 1

    # the same field on both sides: the ERP's name survives, the CRM's phone, nobody's city
    customers.append(replace(CUSTOMERS[29], name="ERP name"))
    world.edit("Account", "C29", Name="CRM name")
    corrections["CUSTOMER for CRM"] += 1
    customers.append(replace(CUSTOMERS[30], phone="+2 1"))
    world.edit("Account", "C30", Phone="+2 2")
    corrections["CUSTOMER for ERP"] += 1
    customers.append(replace(CUSTOMERS[31], billing_city="Ulm"))
    world.edit("Account", "C31", BillingCity="Bonn")
    breaks["CUSTOMER CONFLICT billing_city"] += 1
    # ... and the same value on both sides is an agreement
    customers.append(replace(CUSTOMERS[32], billing_city="Köln"))
    world.edit("Account", "C32", BillingCity="Köln")

    # fields that Salesforce only mirrors are put back
    world.edit("Account", "C33", Credit_Limit__c="5")
    corrections["CUSTOMER for CRM"] += 1
    world.edit("ERP_Invoice__c", "1000/0", Gross_Amount__c="119.16")
    corrections["INVOICE for CRM"] += 1

    # existence: a deleted Account, an invoice that the ERP does not know, a new one, a held one
    world.delete("Account", "C59")
    breaks["CUSTOMER MISSING_IN_CRM "] += 1
    world.enter("ERP_Invoice__c", Number__c="BY-HAND", Gross_Amount__c="75")
    breaks["INVOICE MISSING_IN_ERP "] += 1
    invoices.append(replace(INVOICES[0], number="NEW"))
    corrections["INVOICE for CRM"] += 1
    invoices.append(replace(INVOICES[0], number="HELD", customer_number="C99"))
    breaks["INVOICE CUSTOMER_UNKNOWN "] += 1

    # 2 invoices paid in the ERP
    for n in (1, 2):
        paid = replace(INVOICES[n], open_amount=Decimal(0), status=DocumentStatus.PAID)
        invoices.append(paid)
        corrections["INVOICE for CRM"] += 1

    assert len(customers) + len(invoices) == 25
    for records in (customers, invoices):
        (receipt,) = world.submit(records)
        assert {result.outcome for result in receipt.results} == {Outcome.ACCEPTED}
    return corrections, breaks


def found_corrections(types: dict) -> Counter[str]:
    """The corrections that a comparison newly staged."""
    return Counter(
        {
            f"{record_type} for {target}": count
            for record_type, summary in types.items()
            for target, count in summary["corrections"].items()
        }
    )


def open_breaks(world: World) -> Counter[str]:
    """All open breaks."""
    found = list_breaks(world.application.sessions)
    return Counter(f"{one.record_type} {one.kind} {one.field}" for one in found)


def test_planted_drift_gives_exactly_the_corrections_and_breaks_of_the_table(world: World) -> None:
    """25 changes a side lead to what the decision table demands; a second run leads to nothing."""
    world.submit(CUSTOMERS)
    world.submit(INVOICES)
    world.settle()
    assert found_corrections(world.compare()) == Counter()
    assert open_breaks(world) == Counter()

    corrections, breaks = plant(world)
    assert found_corrections(world.compare()) == corrections
    assert open_breaks(world) == breaks

    world.run("relay")
    page = world.erp.fetch_changes(RecordType.CUSTOMER, after=0, limit=500)
    assert len(page.changes) == corrections["CUSTOMER for ERP"]
    world.erp.acknowledge_changes(RecordType.CUSTOMER, up_to=page.next)

    types = world.compare()
    assert found_corrections(types) == Counter()
    assert all(not summary["waiting"] for summary in types.values())
    assert open_breaks(world) == breaks
    assert world.run("relay").summary["salesforce_calls"]["upserts"] == 0

    accounts = {
        str(row.fields["ERP_Key__c"]): row.fields
        for row in world.query(
            "SELECT ERP_Key__c, Name, Phone, Website, BillingStreet, BillingCity, Credit_Limit__c"
            " FROM Account"
        )
    }
    assert accounts["C05"]["BillingStreet"] == "New street 5"
    assert accounts["C15"]["Website"] == "https://new15.example"
    assert (accounts["C25"]["BillingStreet"], accounts["C25"]["Phone"]) == (
        "New street 25",
        "+1 25",
    )
    assert accounts["C29"]["Name"] == "ERP name"
    assert accounts["C30"]["Phone"] == "+2 2"
    assert accounts["C31"]["BillingCity"] == "Bonn"
    assert Decimal(str(accounts["C33"]["Credit_Limit__c"])) == 1_000
    assert len(accounts) == 59


def test_a_held_invoice_goes_out_when_its_customer_comes(world: World) -> None:
    """An invoice of an unknown customer waits, is shown, and follows its customer to Salesforce."""
    (receipt,) = world.submit([replace(INVOICES[0], customer_number="LATE")])
    assert receipt.results[0].code == "CUSTOMER_UNKNOWN"
    world.settle()
    assert open_breaks(world) == Counter({"INVOICE CUSTOMER_UNKNOWN ": 1})
    assert world.query("SELECT Id FROM ERP_Invoice__c") == []

    world.submit([replace(CUSTOMERS[0], number="LATE")])
    world.settle()
    world.compare()
    assert open_breaks(world) == Counter()
    (invoice,) = world.query("SELECT Account__r.ERP_Key__c FROM ERP_Invoice__c")
    assert invoice.value_at(("Account__r", "ERP_Key__c")) == "LATE"
