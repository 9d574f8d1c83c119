"""Values of canonical fields as the texts of Salesforce fields, and back. Exact, both ways."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial

from bridge import BridgeError
from bridge.domain.money import InexactAmount, minor_units, to_scaled, trimmed
from bridge.domain.records import Field, Kind, Value
from bridge.wording import counted

Reader = Callable[[str], Value]
"""Turns a trimmed, non-empty text into a value. Raises ValueError saying what is wrong."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnwritableValue(BridgeError):
    """A value that no Salesforce field can hold as it is."""


def reader_of(field: Field) -> Reader:
    """How the texts of a canonical field are read."""
    if field.codes:
        return partial(_read_code, {code.value: code for code in field.codes})
    return _READERS.get(field.kind) or partial(_read_text, field.max_length)


def text_of(value: Value | None) -> str | None:
    """The text that Salesforce takes for a value; None for a value that is empty.

    Amounts are plain decimals (no exponent), dates ISO 8601. Raises UnwritableValue.
    """
    match value:
        case None:
            return None
        case str():
            return _text(value)
        case Decimal():
            return _amount(value)
        case date():
            return value.isoformat()
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            raise UnwritableValue(f"{value!r} is no text, amount, date or whole number")


def _text(value: str) -> str | None:
    if _NOT_XML.search(value):
        raise UnwritableValue(f"{value!r} holds a control character, which XML cannot carry")
    return str(value).strip() or None


def _amount(value: Decimal) -> str:
    if not value.is_finite():
        raise UnwritableValue(f"{value} is no amount")
    return format(trimmed(value), "f")


def _read_amount(text: str) -> Decimal:
    """A number as Salesforce writes it: 100.0, -0.005, and 1.25E7 from ten millions on."""
    try:
        amount = Decimal(text)
        to_scaled(amount)
    except InvalidOperation:
        raise ValueError("is no number") from None
    except InexactAmount as error:
        raise ValueError(f"cannot be kept exactly: {error}") from None
    return trimmed(amount)


def _read_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no date such as 2026-01-31") from None


def _read_currency(text: str) -> str:
    if minor_units(text) is None:
        raise ValueError("is no ISO 4217 currency code such as EUR")
    return text


def _read_code(codes: dict[str, Value], text: str) -> Value:
    try:
        return codes[text]
    except KeyError:
        raise ValueError(f"is none of {', '.join(codes)}") from None


def _read_text(max_length: int | None, text: str) -> str:
    if max_length is not None and len(text) > max_length:
        raise ValueError(f"has {counted(len(text), 'character')}, {max_length} at most fit")
    return text


_READERS: dict[Kind, Reader] = {
    Kind.MONEY: _read_amount,
    Kind.AMOUNT: _read_amount,
    Kind.QUANTITY: _read_amount,
    Kind.INTEGER: int,
    Kind.DATE: _read_date,
    Kind.CURRENCY: _read_currency,
    Kind.COUNTRY: str,  # orgs without country picklists hold names
}
