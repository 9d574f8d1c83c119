"""The records that benchmarks send."""

from datetime import date
from decimal import Decimal

from bridge.domain.records import (
    Customer,
    CustomerStatus,
    DocumentLine,
    DocumentStatus,
    Invoice,
)
from bridge.soap.calls import encode_request

BATCH = 500
"""Records of a full submission."""

CUSTOMERS = 40
PLACEHOLDER = "@" * 8
"""Stands where requests of one load differ; a number of as many digits takes its place."""


def customer(n: int) -> Customer:
    """One of the customers that the invoices are for."""
    return Customer(number=f"C{n}", name=f"Company {n}", status=CustomerStatus.ACTIVE)


def invoice(n: int) -> Invoice:
    """The n-th invoice, with the required fields alone."""
    net = Decimal(1_000 + n) / 8
    gross = (net * Decimal("1.19")).quantize(Decimal("0.01"))
    return Invoice(
        company_code="1000",
        number=f"{n:08}",
        customer_number=f"C{n % CUSTOMERS}",
        issued_on=date(2026, 1, 1 + n % 28),
        currency="EUR",
        net_amount=net,
        tax_amount=gross - net,
        gross_amount=gross,
        open_amount=gross,
        status=DocumentStatus.OPEN,
    )


def full_invoice(n: int, number: str | None = None) -> Invoice:
    """The n-th invoice with all fields and three lines."""
    return Invoice(
        company_code="1000",
        number=number or f"INV-{n}",
        customer_number=f"C{n % CUSTOMERS}",
        issued_on=date(2026, 3, 1),
        due_on=date(2026, 3, 31),
        currency="USD",
        net_amount=Decimal("1000.125"),
        tax_amount=Decimal("190.025"),
        gross_amount=Decimal("1190.15"),
        open_amount=Decimal("0.00"),
        status=DocumentStatus.OPEN,
        purchase_order="PO 4711",
        lines=tuple(_line(position) for position in (1, 2, 3)),
    )


def _line(position: int) -> DocumentLine:
    return DocumentLine(
        line_number=position,
        product_code=f"P-{position}",
        description="Touring bike, größer & blue",
        quantity=Decimal(2),
        net_amount=Decimal("333.375"),
    )


def new_invoices(count: int) -> bytes:
    """The envelope of a submission of full invoices, with placeholders in their numbers and its id.

    Each number that takes their place makes another submission of new invoices.
    """
    records = [full_invoice(n, f"{PLACEHOLDER}-{n}") for n in range(count)]
    return encode_request("SubmitInvoices", f"benchmark-{PLACEHOLDER}", records)
