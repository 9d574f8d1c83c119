"""Validation: each problem is found, and fine records have none."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.records import (
    RECORD_CLASSES,
    CreditMemo,
    Customer,
    DocumentLine,
    Invoice,
    Payment,
    PaymentApplication,
    Record,
    RecordType,
    fields_of,
)
from bridge.domain.validation import ProblemCode, problems_of, problems_of_each, value_problems
from tests.builders import EXAMPLES, credit_memo, customer, invoice, payment
from tests.strategies import records

D = Decimal


def line(number: int = 1, **changes: Any) -> DocumentLine:
    plain = DocumentLine(line_number=number, quantity=D(1), net_amount=D(100))
    return replace(plain, **changes)


def application(amount: str) -> PaymentApplication:
    return PaymentApplication(invoice_number="I1", amount=D(amount))


def codes_of(record: Record) -> list[ProblemCode]:
    return [problem.code for problem in problems_of(record)]


@pytest.mark.parametrize("record_type", RecordType)
def test_a_fine_record_has_no_problem(record_type: RecordType) -> None:
    """The examples that other tests start from are fine."""
    assert problems_of(EXAMPLES[record_type]) == ()


BAD: Sequence[tuple[ProblemCode, str, Record]] = [
    (ProblemCode.REQUIRED_FIELD, "name", customer(name="")),
    (ProblemCode.REQUIRED_FIELD, "name", customer(name=" \t ")),
    (ProblemCode.REQUIRED_FIELD, "status", customer(status=None)),
    (ProblemCode.REQUIRED_FIELD, "customer_number", invoice(customer_number="")),
    (ProblemCode.REQUIRED_FIELD, "gross_amount", invoice(gross_amount=None)),
    (
        ProblemCode.REQUIRED_FIELD,
        "applications[1].invoice_number",
        payment(applications=(PaymentApplication(invoice_number="", amount=D(119)),)),
    ),
    (ProblemCode.BAD_TEXT, "name", customer(name="Muster\x00GmbH")),
    (ProblemCode.BAD_TEXT, "name", customer(name="Muster\ud800")),
    (ProblemCode.BAD_TEXT, "name", customer(name="Muster\uffff")),
    (
        ProblemCode.BAD_TEXT,
        "lines[2].description",
        invoice(lines=(line(), line(2, description="\b"))),
    ),
    (ProblemCode.TEXT_TOO_LONG, "phone", customer(phone="1" * 41)),
    (ProblemCode.TEXT_TOO_LONG, "number", payment(number="1" * 61)),
    (ProblemCode.TEXT_TOO_LONG, "customer_number", payment(customer_number="1" * 61)),
    (ProblemCode.BAD_COMPANY_CODE, "company_code", invoice(company_code="10/00")),
    (ProblemCode.BAD_COMPANY_CODE, "company_code", payment(company_code="10 00")),
    (ProblemCode.BAD_KEY, "number", customer(number="C1 ")),
    (ProblemCode.BAD_KEY, "number", customer(number="\u00a0C1")),
    (ProblemCode.BAD_KEY, "number", invoice(number="17\n18")),
    (ProblemCode.BAD_KEY, "customer_number", payment(customer_number=" C1")),
    (ProblemCode.BAD_DATE, "issued_on", invoice(issued_on=date(1699, 12, 31))),
    (ProblemCode.BAD_DATE, "received_on", payment(received_on=date(4001, 1, 1))),
    (ProblemCode.UNKNOWN_CURRENCY, "currency", invoice(currency="EURO")),
    (ProblemCode.UNKNOWN_CURRENCY, "currency", customer(currency="eur")),
    (ProblemCode.UNKNOWN_COUNTRY, "billing_country", customer(billing_country="UK")),
    (ProblemCode.UNKNOWN_COUNTRY, "billing_country", customer(billing_country="de")),
    (ProblemCode.UNKNOWN_CODE, "status", customer(status="SLEEPING")),
    (ProblemCode.UNKNOWN_CODE, "status", invoice(status="ACTIVE")),
    (ProblemCode.CURRENCY_REQUIRED, "credit_limit", customer(currency=None)),
    (ProblemCode.AMOUNT_TOO_FINE, "gross_amount", invoice(gross_amount=D("119.001"))),
    (ProblemCode.AMOUNT_TOO_FINE, "open_amount", invoice(currency="JPY", open_amount=D("1.5"))),
    (ProblemCode.AMOUNT_TOO_FINE, "credit_limit", customer(credit_limit=D("0.001"))),
    (ProblemCode.AMOUNT_TOO_FINE, "amount", payment(amount=D("119.001"))),
    (
        ProblemCode.AMOUNT_TOO_FINE,
        "applications[1].amount",
        payment(applications=(application("119.005"),)),
    ),
    (ProblemCode.BAD_AMOUNT, "net_amount", invoice(net_amount=D("100.00001"))),
    (ProblemCode.BAD_AMOUNT, "net_amount", invoice(net_amount=D("1e400"))),
    (ProblemCode.BAD_AMOUNT, "gross_amount", invoice(gross_amount=D("NaN"))),
    (ProblemCode.BAD_AMOUNT, "open_amount", invoice(open_amount=D("sNaN"))),
    (ProblemCode.BAD_AMOUNT, "unapplied_amount", payment(unapplied_amount=D("Infinity"))),
    (ProblemCode.BAD_AMOUNT, "lines[1].quantity", invoice(lines=(line(quantity=D("0.12345")),))),
    (ProblemCode.DUPLICATE_LINE, "lines", invoice(lines=(line(), line(2), line()))),
    (ProblemCode.DUPLICATE_LINE, "lines", credit_memo(lines=(line(7), line(7)))),
]


@pytest.mark.parametrize(("code", "field", "record"), BAD)
def test_an_unfit_record_is_rejected_with_its_reason(
    code: ProblemCode, field: str, record: Record
) -> None:
    """What makes a record unfit is named with its field, first, in one line."""
    first = problems_of(record)[0]
    assert (first.code, first.field, first.rejects) == (code, field, True)
    assert "\n" not in first.message


GOOD: Sequence[tuple[str, Record]] = [
    ("the longest text", customer(phone="1" * 40)),
    ("line breaks in a street", customer(billing_street="Hauptstraße 1\r\nHinterhaus\t2")),
    ("letters beyond the basic plane", customer(name="𝔐uster 🚲")),
    ("all that a company code may hold", invoice(company_code="AZ-az_09.")),
    ("a blank inside a number", customer(number="C 1")),
    ("the last day that Salesforce holds", payment(received_on=date(4000, 12, 31))),
    ("a slash in a number", invoice(number="2026/17")),
    ("no optional value at all", Customer(number="C1", name="Muster", status=customer().status)),
    ("no credit limit and no currency", customer(currency=None, credit_limit=None)),
    ("trailing zeros", invoice(gross_amount=D("119.0000"), open_amount=D("119.000"))),
    ("no decimals in yen", payment(currency="JPY", amount=D("119.00"))),
    ("three decimals in dinars", customer(currency="BHD", credit_limit=D("0.125"))),
    ("finer net and tax", invoice(net_amount=D("99.9975"), tax_amount=D("19.0025"))),
    (
        "a negative document",
        invoice(net_amount=D(-100), tax_amount=D(-19), gross_amount=D(-119), open_amount=D(-119)),
    ),
    ("due on the day of issue", invoice(due_on=date(2026, 1, 31))),
    ("no due date", invoice(due_on=None)),
    ("no lines", invoice(lines=())),
    ("an unapplied payment", payment(applications=(), unapplied_amount=D(119))),
    ("applications that are not told", payment(applications=(), unapplied_amount=D(0))),
    ("partly applied", payment(applications=(application("100"),), unapplied_amount=D(19))),
]


@pytest.mark.parametrize(("what", "record"), GOOD)
def test_a_fit_record_is_not_bothered(what: str, record: Record) -> None:
    """What is allowed at the edge has no problem, not even a warning."""
    assert problems_of(record) == (), what


WARNED: Sequence[tuple[ProblemCode, str, Record]] = [
    (ProblemCode.TOTALS_DISAGREE, "gross_amount", invoice(tax_amount=D("18.99"))),
    (ProblemCode.TOTALS_DISAGREE, "gross_amount", credit_memo(net_amount=D(0))),
    (ProblemCode.BAD_EMAIL, "email", customer(email="not-an-email")),
    (ProblemCode.OPEN_EXCEEDS_GROSS, "open_amount", invoice(open_amount=D("119.01"))),
    (ProblemCode.OPEN_EXCEEDS_GROSS, "open_amount", invoice(open_amount=D("-119.01"))),
    (ProblemCode.DUE_BEFORE_ISSUE, "due_on", invoice(due_on=date(2026, 1, 30))),
    (ProblemCode.APPLICATIONS_DISAGREE, "amount", payment(unapplied_amount=D("0.01"))),
]


@pytest.mark.parametrize(("code", "field", "record"), WARNED)
def test_a_suspicious_record_is_warned_of(code: ProblemCode, field: str, record: Record) -> None:
    """What only looks wrong is a warning: it does not reject."""
    (only,) = problems_of(record)
    assert (only.code, only.field, only.rejects) == (code, field, False)


def test_reasons_to_reject_come_before_warnings() -> None:
    """The first problem of a record decides what becomes of it."""
    record = invoice(tax_amount=D(0), due_on=date(2000, 1, 1), lines=(line(), line()))
    problems = problems_of(record)
    assert [problem.rejects for problem in problems] == [True, False, False]


def test_unfit_fields_are_not_compared_with_each_other() -> None:
    """A record with a bad amount is not also told that its totals disagree."""
    record = invoice(gross_amount=D("NaN"), due_on=date(2000, 1, 1))
    assert codes_of(record) == [ProblemCode.BAD_AMOUNT]


def test_every_problem_of_a_record_itself_is_tested_here() -> None:
    """Each code that a record alone can earn stands in the tables above."""
    tested = {code for code, _, _ in [*BAD, *WARNED]}
    of_others = {
        ProblemCode.DUPLICATE_KEY,
        ProblemCode.CUSTOMER_UNKNOWN,
        ProblemCode.COMPANY_NOT_PERMITTED,
        ProblemCode.OUTSIDE_SNAPSHOT,
    }
    assert tested | of_others == set(ProblemCode)


@given(st.data(), st.sampled_from(list(RecordType)))
def test_any_record_gets_an_answer(data: st.DataObject, record_type: RecordType) -> None:
    """Whatever a record holds, its problems are told: nothing is raised."""
    record = data.draw(records(record_type))
    odd = st.sampled_from([None, D("NaN"), D("-Infinity"), D("1E+30"), D("0E-9")])
    amounts = [f.name for f in fields_of(type(record)).values() if f.name.endswith("amount")]
    for name in amounts:
        if data.draw(st.booleans()):
            record = replace(record, **{name: data.draw(odd)})
    for problem in problems_of(record):
        assert problem.message


@settings(max_examples=60)
@given(st.data(), st.sampled_from(list(RecordType)))
def test_many_have_the_problems_of_each(data: st.DataObject, record_type: RecordType) -> None:
    """Looked at together, records have the problems that they have by themselves."""
    fine: Any = EXAMPLES[record_type]
    odd = data.draw(st.lists(records(record_type), max_size=2))
    many = [replace(fine, number=f"N{n}", currency=("EUR", "JPY")[n % 2]) for n in range(40)]
    for place, record in enumerate(odd):
        many.insert(17 * place, record)
    assert problems_of_each(many) == [problems_of(one) for one in many]
    assert problems_of_each([]) == []


@pytest.mark.parametrize(
    ("record_class", "field", "value", "currency", "code"),
    [
        (Customer, "phone", "1" * 41, "EUR", ProblemCode.TEXT_TOO_LONG),
        (Customer, "name", None, "EUR", ProblemCode.REQUIRED_FIELD),
        (Customer, "name", "", "EUR", ProblemCode.REQUIRED_FIELD),
        (Customer, "phone", None, "EUR", None),
        (Customer, "credit_limit", D("0.5"), "JPY", ProblemCode.AMOUNT_TOO_FINE),
        (Customer, "credit_limit", D("0.5"), None, ProblemCode.CURRENCY_REQUIRED),
        (Customer, "billing_country", "Germany", None, ProblemCode.UNKNOWN_COUNTRY),
        (Customer, "status", "DORMANT", None, ProblemCode.UNKNOWN_CODE),
        (Invoice, "net_amount", D("0.0001"), "JPY", None),
        (Payment, "method", "card", "EUR", None),
        (CreditMemo, "invoice_number", None, "EUR", None),
    ],
)
def test_a_single_value_is_judged_like_its_record(
    record_class: type, field: str, value: Any, currency: str | None, code: ProblemCode | None
) -> None:
    """One value of Salesforce is held against the same rules as a whole record of the ERP."""
    problems = value_problems(fields_of(record_class)[field], value, currency)
    assert [problem.code for problem in problems] == ([code] if code else [])


def test_every_record_class_is_judged() -> None:
    """No record type is waved through: each has required fields that are missed."""
    for record_class in RECORD_CLASSES.values():
        names = [name for name, field in fields_of(record_class).items() if field.required]
        assert names
