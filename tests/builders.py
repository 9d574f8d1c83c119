"""Records, versions and rules for tests: sensible ones, of which a test names what matters."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bridge.domain.crm import CrmRecord
from bridge.domain.records import (
    RECORD_CLASSES,
    CreditMemo,
    Customer,
    CustomerStatus,
    DocumentLine,
    DocumentStatus,
    Field,
    Invoice,
    Kind,
    Payment,
    PaymentApplication,
    Record,
    RecordType,
    Value,
    fields_of,
    key_of,
    record_type_of,
    values_of,
)
from bridge.domain.survivorship import Rules, Survivor

EARLY = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_ids = itertools.count(1)


def customer(**changes: Any) -> Customer:
    """A customer without any problem."""
    plain = Customer(
        number="C1",
        name="Muster GmbH",
        tax_number="DE123456789",
        email="books@muster.example",
        phone="+49 30 1234",
        website="https://muster.example",
        billing_street="Hauptstraße 1",
        billing_city="Berlin",
        billing_region="BE",
        billing_postal_code="10115",
        billing_country="DE",
        currency="EUR",
        credit_limit=Decimal(5000),
        payment_terms="30 days net",
        status=CustomerStatus.ACTIVE,
    )
    return replace(plain, **changes)


def invoice(**changes: Any) -> Invoice:
    """An open invoice over 119.00 EUR for customer C1, without any problem."""
    plain = Invoice(
        company_code="1000",
        number="I1",
        customer_number="C1",
        issued_on=date(2026, 1, 31),
        due_on=date(2026, 3, 2),
        currency="EUR",
        net_amount=Decimal("100.00"),
        tax_amount=Decimal("19.00"),
        gross_amount=Decimal("119.00"),
        open_amount=Decimal("119.00"),
        status=DocumentStatus.OPEN,
        purchase_order="PO-7",
        lines=(
            DocumentLine(
                line_number=1,
                product_code="BIKE",
                description="A bicycle",
                quantity=Decimal(1),
                net_amount=Decimal("100.00"),
            ),
        ),
    )
    return replace(plain, **changes)


def payment(**changes: Any) -> Payment:
    """A payment of 119.00 EUR by customer C1, applied to invoice I1, without any problem."""
    plain = Payment(
        company_code="1000",
        number="P1",
        customer_number="C1",
        received_on=date(2026, 2, 15),
        currency="EUR",
        amount=Decimal("119.00"),
        unapplied_amount=Decimal(0),
        method="transfer",
        applications=(PaymentApplication(invoice_number="I1", amount=Decimal("119.00")),),
    )
    return replace(plain, **changes)


def credit_memo(**changes: Any) -> CreditMemo:
    """A credit memo over 11.90 EUR for invoice I1 of customer C1, without any problem."""
    plain = CreditMemo(
        company_code="1000",
        number="M1",
        customer_number="C1",
        invoice_number="I1",
        issued_on=date(2026, 2, 20),
        currency="EUR",
        net_amount=Decimal("10.00"),
        tax_amount=Decimal("1.90"),
        gross_amount=Decimal("11.90"),
        open_amount=Decimal(0),
        status=DocumentStatus.PAID,
    )
    return replace(plain, **changes)


EXAMPLES: Mapping[RecordType, Record] = {
    RecordType.CUSTOMER: customer(),
    RecordType.INVOICE: invoice(),
    RecordType.PAYMENT: payment(),
    RecordType.CREDIT_MEMO: credit_memo(),
}


def compared(record_type: RecordType, *names: str) -> tuple[Field, ...]:
    """These fields of a record type, or all that Salesforce can hold."""
    catalogue = fields_of(RECORD_CLASSES[record_type])
    if names:
        return tuple(catalogue[name] for name in names)
    return tuple(field for field in catalogue.values() if field.kind is not Kind.ITEMS)


def rules(record_type: RecordType = RecordType.CUSTOMER, *names: str, **changes: Any) -> Rules:
    """Rules that compare these fields (or all), where a person decides every conflict."""
    plain = Rules(
        record_type=record_type,
        compared=compared(record_type, *names),
        survivors={},
        default_survivor=Survivor.REVIEW,
        expected_in_erp=record_type is not RecordType.CUSTOMER,
    )
    return replace(plain, **changes)


def salesforce_id(prefix: str = "001") -> str:
    """A Salesforce id that no other record of this test run has."""
    return f"{prefix}{next(_ids):012d}AAA"


def crm_values(record: Record, **changes: Value | None) -> dict[str, Value | None]:
    """The record as Salesforce holds it, with these fields changed there."""
    names = [field.name for field in compared(record_type_of(record))]
    whole = values_of(record)
    return {name: whole[name] for name in names} | changes


def crm_record(
    record: Record, *, changes: Mapping[str, Value | None] | None = None, **attributes: Any
) -> CrmRecord:
    """The record as it is read from Salesforce, under a new id unless one is given."""
    plain: dict[str, Any] = {
        "salesforce_id": salesforce_id(),
        "erp_key": str(key_of(record)),
        "deleted": False,
        "modified_at": EARLY,
        "master_record_id": None,
        "values": crm_values(record, **(changes or {})),
    }
    return CrmRecord(**(plain | attributes))


def names_of(fields: Iterable[Any]) -> list[str]:
    """The names of fields, corrections or values that have one."""
    return [field.name for field in fields]
