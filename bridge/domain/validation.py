"""What makes a record unfit to store, and what is only worth a warning.

The contract's schema has checked shapes already for SOAP callers; whoever reads records from
elsewhere (flat files) relies on these rules alone, so they are complete.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, assert_never

from bridge.domain.countries import COUNTRIES
from bridge.domain.fitness import COMPANY_CODE, EMAIL, FIRST_DAY, LAST_DAY, are_plainly_fit
from bridge.domain.money import InexactAmount, decimals_of, minor_units, to_scaled
from bridge.domain.normalising import country_code
from bridge.domain.records import (
    TEXT_KINDS,
    CreditMemo,
    Customer,
    Field,
    Invoice,
    Kind,
    Payment,
    Record,
    Value,
    fields_of,
)
from bridge.wording import counted


class ProblemCode(StrEnum):
    """Why a record was rejected or carries a warning; the `Code` of its result."""

    REQUIRED_FIELD = "REQUIRED_FIELD"
    BAD_TEXT = "BAD_TEXT"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    BAD_COMPANY_CODE = "BAD_COMPANY_CODE"
    BAD_KEY = "BAD_KEY"
    BAD_DATE = "BAD_DATE"
    BAD_EMAIL = "BAD_EMAIL"
    UNKNOWN_CURRENCY = "UNKNOWN_CURRENCY"
    UNKNOWN_COUNTRY = "UNKNOWN_COUNTRY"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    CURRENCY_REQUIRED = "CURRENCY_REQUIRED"
    AMOUNT_TOO_FINE = "AMOUNT_TOO_FINE"
    BAD_AMOUNT = "BAD_AMOUNT"
    DUPLICATE_LINE = "DUPLICATE_LINE"
    DUPLICATE_KEY = "DUPLICATE_KEY"
    TOTALS_DISAGREE = "TOTALS_DISAGREE"
    OPEN_EXCEEDS_GROSS = "OPEN_EXCEEDS_GROSS"
    DUE_BEFORE_ISSUE = "DUE_BEFORE_ISSUE"
    APPLICATIONS_DISAGREE = "APPLICATIONS_DISAGREE"
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    COMPANY_NOT_PERMITTED = "COMPANY_NOT_PERMITTED"
    OUTSIDE_SNAPSHOT = "OUTSIDE_SNAPSHOT"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `rejects` tells whether the record is unfit or only suspicious."""

    code: ProblemCode
    field: str
    message: str
    rejects: bool = True


def problems_of(record: Record) -> tuple[Problem, ...]:
    """All problems of a record, those that reject it first; empty where it is fine.

    Its fields are held against each other only where each of them is fit.
    """
    found: list[Problem] = []
    if not are_plainly_fit([record]):
        found += _field_problems(record, currency=record.currency)
    if not any(problem.rejects for problem in found):
        found += _record_problems(record)
    return tuple(sorted(found, key=lambda problem: not problem.rejects)) if found else ()


def problems_of_each(records: Sequence[Record]) -> list[tuple[Problem, ...]]:
    """The problems of each of many records of one type, in little time where most are fine."""
    if not records or (are_plainly_fit(records) and _are_consistent(records)):
        return [()] * len(records)
    if len(records) <= _FEW:
        return [problems_of(record) for record in records]
    parts = (records[start : start + _FEW] for start in range(0, len(records), _FEW))
    return [problems for part in parts for problems in problems_of_each(part)]


_FEW = 16
"""Where one of so many records does not pass at once, each of them is looked at by itself."""


def value_problems(field: Field, value: Value | None, currency: str | None) -> tuple[Problem, ...]:
    """The problems of one value in its field, in a record of this currency."""
    if value is None or value == "":
        return (_missing(field.name),) if field.required else ()
    return tuple(_value_problems(field, field.name, value, currency))


def fitting(field: Field, value: Value | None) -> Value | None:
    """The value as the contract takes it: a country by its code, where it is known by a name."""
    if field.kind is Kind.COUNTRY and isinstance(value, str):
        return country_code(value) or value
    return value


def _field_problems(record: Any, *, currency: str | None, prefix: str = "") -> Iterator[Problem]:
    for field in fields_of(type(record)).values():
        value = getattr(record, field.name)
        path = prefix + field.name
        if value is None or value == "":
            if field.required:
                yield _missing(path)
        elif field.kind is Kind.ITEMS:
            for position, item in enumerate(value, start=1):
                at = f"{path}[{position}]."
                yield from _field_problems(item, currency=currency, prefix=at)
        else:
            yield from _value_problems(field, path, value, currency)


def _missing(path: str) -> Problem:
    return Problem(ProblemCode.REQUIRED_FIELD, path, f"{path} is required")


def _value_problems(field: Field, path: str, value: Any, currency: str | None) -> Iterator[Problem]:
    match field.kind:
        case Kind.MONEY | Kind.AMOUNT | Kind.QUANTITY:
            yield from _amount_problems(field.kind, path, value, currency)
        case Kind.CURRENCY if minor_units(value) is None:
            message = f"{path}: {value!r} is no ISO 4217 currency code"
            yield Problem(ProblemCode.UNKNOWN_CURRENCY, path, message)
        case Kind.COUNTRY if value not in COUNTRIES:
            message = f"{path}: {value!r} is no ISO 3166-1 alpha-2 country code"
            yield Problem(ProblemCode.UNKNOWN_COUNTRY, path, message)
        case Kind.CODE if field.codes and value not in field.codes.__members__:
            message = f"{path}: {value!r} is none of {', '.join(field.codes.__members__)}"
            yield Problem(ProblemCode.UNKNOWN_CODE, path, message)
        case Kind.DATE if not FIRST_DAY <= value <= LAST_DAY:
            message = f"{path}: {value} is not between {FIRST_DAY} and {LAST_DAY}"
            yield Problem(ProblemCode.BAD_DATE, path, message)
        case kind if kind in TEXT_KINDS:
            yield from _text_problems(field, path, value)
        case _:
            pass


def _text_problems(field: Field, path: str, value: str) -> Iterator[Problem]:
    if field.max_length is not None and len(value) > field.max_length:
        length = counted(len(value), "character")
        message = f"{path} has {length}; at most {field.max_length} are allowed"
        yield Problem(ProblemCode.TEXT_TOO_LONG, path, message)
    if _ILLEGAL_IN_XML.search(value):
        message = f"{path} holds a control character that XML cannot carry"
        yield Problem(ProblemCode.BAD_TEXT, path, message)
    if field.required and not value.strip():
        yield Problem(ProblemCode.REQUIRED_FIELD, path, f"{path} is blank")
    if field.name in _KEYS and (value != value.strip() or not value.isprintable()):
        message = f"{path}: {value!r} has blanks at its ends or characters that do not print"
        yield Problem(ProblemCode.BAD_KEY, path, message)
    if field.kind is Kind.EMAIL and not EMAIL.fullmatch(value):
        message = f"{path}: {value!r} is no e-mail address; Salesforce will refuse it"
        yield Problem(ProblemCode.BAD_EMAIL, path, message, rejects=False)
    if field.name == "company_code" and not COMPANY_CODE.fullmatch(value):
        message = f"{path}: {value!r} may hold letters, digits, '_', '-' and '.' only"
        yield Problem(ProblemCode.BAD_COMPANY_CODE, path, message)


def _amount_problems(
    kind: Kind, path: str, amount: Decimal, currency: str | None
) -> Iterator[Problem]:
    try:
        to_scaled(amount)
    except InexactAmount as error:
        yield Problem(ProblemCode.BAD_AMOUNT, path, f"{path}: {error}")
        return
    if kind is not Kind.MONEY:
        return
    if currency is None:
        message = f"{path} is an amount without a currency"
        yield Problem(ProblemCode.CURRENCY_REQUIRED, path, message)
        return
    units = minor_units(currency)
    if units is not None and decimals_of(amount) > units:
        message = f"{path}: {amount} is finer than {currency} allows ({units} decimals)"
        yield Problem(ProblemCode.AMOUNT_TOO_FINE, path, message)


def _are_consistent(records: Sequence[Record]) -> bool:
    """Whether no record has problems of more than one field."""
    return not any(True for record in records for _ in _record_problems(record))


def _record_problems(record: Record) -> Iterator[Problem]:
    match record:
        case Customer():
            return
        case Invoice() | CreditMemo():
            yield from _document_problems(record)
        case Payment():
            yield from _payment_problems(record)
        case _:
            assert_never(record)


def _document_problems(document: Invoice | CreditMemo) -> Iterator[Problem]:
    numbers = [line.line_number for line in document.lines]
    if len(set(numbers)) < len(numbers):
        repeated = min(number for number, times in Counter(numbers).items() if times > 1)
        message = f"line number {repeated} stands more than once"
        yield Problem(ProblemCode.DUPLICATE_LINE, "lines", message)
    if document.gross_amount != document.net_amount + document.tax_amount:
        message = (
            f"gross {document.gross_amount} is not net {document.net_amount}"
            f" + tax {document.tax_amount}"
        )
        yield Problem(ProblemCode.TOTALS_DISAGREE, "gross_amount", message, rejects=False)
    if abs(document.open_amount) > abs(document.gross_amount):
        message = f"open {document.open_amount} exceeds gross {document.gross_amount}"
        yield Problem(ProblemCode.OPEN_EXCEEDS_GROSS, "open_amount", message, rejects=False)
    if document.due_on and document.due_on < document.issued_on:
        message = f"due on {document.due_on}, before it was issued on {document.issued_on}"
        yield Problem(ProblemCode.DUE_BEFORE_ISSUE, "due_on", message, rejects=False)


def _payment_problems(payment: Payment) -> Iterator[Problem]:
    applied = sum((application.amount for application in payment.applications), Decimal(0))
    if payment.applications and applied + payment.unapplied_amount != payment.amount:
        message = (
            f"amount {payment.amount} is not applied {applied}"
            f" + unapplied {payment.unapplied_amount}"
        )
        yield Problem(ProblemCode.APPLICATIONS_DISAGREE, "amount", message, rejects=False)


_KEYS = frozenset({"number", "customer_number", "invoice_number"})
"""Parts of keys: Salesforce trims what it stores, so a blank would make two keys one there."""
_ILLEGAL_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 section 2.2 leaves out of `Char`."""
