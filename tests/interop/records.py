"""The records of the scenario: what the clients read, what they write, what drifts."""

from datetime import date
from decimal import Decimal

from bridge.domain.records import (
    CreditMemo,
    Customer,
    CustomerStatus,
    DocumentLine,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentApplication,
    Record,
)

COMPANY = "1000"

SEED_CUSTOMER = Customer(
    number="SEED-C",
    name="Kōbe Łódź 東京 🚲",
    billing_street='<Söhne> & "7"',
    billing_city="東京",
    billing_country="JP",
    currency="USD",
    credit_limit=Decimal("10000000000000.01"),
    status=CustomerStatus.BLOCKED,
)
SEED_INVOICE = Invoice(
    company_code=COMPANY,
    number="SEED-I",
    customer_number="SEED-C",
    issued_on=date(2026, 1, 31),
    due_on=date(2026, 3, 1),
    currency="USD",
    net_amount=Decimal("11888.625"),
    tax_amount=Decimal("-0.0001"),
    gross_amount=Decimal("11888.62"),
    open_amount=Decimal("0.01"),
    status=DocumentStatus.DISPUTED,
    lines=(
        DocumentLine(
            line_number=1,
            description="Ōsaka 🏯",
            quantity=Decimal("0.0001"),
            net_amount=Decimal("-0.0001"),
        ),
        DocumentLine(
            line_number=2,
            description="18 digits",
            quantity=Decimal("99999999999999.9999"),
            net_amount=Decimal("-99999999999999.9999"),
        ),
    ),
)


def written_by(name: str) -> dict[str, Record]:
    """What the client of this name submits, by the word that its facts use."""
    customer = Customer(
        number=f"{name}-C",
        name="Łódź Kōbe 東京 🚲",
        billing_street='"1 < 2" & Söhne',
        billing_city="Łódź",
        billing_country="PL",
        currency="USD",
        credit_limit=Decimal("10000000000000.01"),
        status=CustomerStatus.ACTIVE,
    )
    payment = Payment(
        company_code=COMPANY,
        number=f"{name}-P",
        customer_number=f"{name}-C",
        received_on=date(2026, 3, 1),
        currency="USD",
        amount=Decimal(100),
        unapplied_amount=Decimal("0.5"),
        applications=(PaymentApplication(invoice_number=f"{name}-I", amount=Decimal("99.5")),),
    )
    return {
        "customer": customer,
        "invoice": _invoice(name),
        "payment": payment,
        "credit_memo": _credit_memo(name),
    }


def _invoice(name: str) -> Invoice:
    return Invoice(
        company_code=COMPANY,
        number=f"{name}-I",
        customer_number=f"{name}-C",
        issued_on=date(2026, 2, 28),
        due_on=date(2026, 3, 30),
        currency="USD",
        net_amount=Decimal("11888.625"),
        tax_amount=Decimal("-0.005"),
        gross_amount=Decimal("11888.62"),
        open_amount=Decimal("11888.62"),
        status=DocumentStatus.PARTIALLY_PAID,
        lines=(
            DocumentLine(
                line_number=1,
                description="自転車 🚲",
                quantity=Decimal("0.0001"),
                net_amount=Decimal("-0.0001"),
            ),
            DocumentLine(
                line_number=2, quantity=Decimal(1), net_amount=Decimal("99999999999999.9999")
            ),
        ),
    )


def _credit_memo(name: str) -> CreditMemo:
    return CreditMemo(
        company_code=COMPANY,
        number=f"{name}-M",
        customer_number=f"{name}-C",
        invoice_number=f"{name}-I",
        issued_on=date(2026, 3, 2),
        currency="USD",
        net_amount=Decimal(10),
        tax_amount=Decimal("1.9"),
        gross_amount=Decimal("11.9"),
        open_amount=Decimal(0),
        status=DocumentStatus.PAID,
    )


def drifting_of(name: str) -> list[Record]:
    """The customers that a person in Salesforce changes before the client of this name runs."""
    return [
        Customer(
            number=f"{name}-F{n}",
            name=f"Drifting {n}",
            phone=f"+81 {n}",
            website=f"https://{n}.example",
            billing_city="京都",
            status=CustomerStatus.ACTIVE,
        )
        for n in (1, 2, 3)
    ]
