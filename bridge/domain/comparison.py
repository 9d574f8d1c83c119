"""When two values are the same to a business, and the digest that finds records to look at."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from json.encoder import encode_basestring as quoted

from bridge.domain.money import plain_text
from bridge.domain.records import Field, Kind, Value, Values


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The difference between two amounts that still counts as agreement, by currency."""

    default: Decimal = Decimal(0)
    by_currency: Mapping[str, Decimal] = field(default_factory=dict)

    def allows(self, difference: Decimal, currency: str | None) -> bool:
        """Whether two amounts of this currency that differ so much agree."""
        return abs(difference) <= self.by_currency.get(currency or "", self.default)


def agree(
    compared: Field, one: Value | None, other: Value | None, tolerance: Tolerance, currency: str
) -> bool:
    """Whether two values of a field mean the same, cosmetic differences aside."""
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return tolerance.allows(one - other, currency)
    return normalised(compared, one) == normalised(compared, other)


def normalised(compared: Field, value: Value | None) -> str | None:
    """The value as a text that is equal where two values mean the same; None where empty."""
    if value is None:
        return None
    if isinstance(value, str):
        return _normalised_text(compared.kind, value)
    if isinstance(value, Decimal):
        return plain_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def digest(compared: Iterable[Field], values: Values) -> bytes:
    """A 16-byte digest of the normalised values of the compared fields.

    Versions with equal digests agree on every compared field; amounts within tolerance of each
    other may still have different ones, which costs a look and changes no decision. A value that
    was not read differs from an empty one.
    """
    parts = [_part(one, values[one.name]) if one.name in values else _UNREAD for one in compared]
    return hashlib.blake2b(f"[{','.join(parts)}]".encode(), digest_size=16).digest()


_UNREAD = "0"
"""Stands for a value that was not read: others are JSON's texts or null."""


def _part(compared: Field, value: Value | None) -> str:
    normal = normalised(compared, value)
    return "null" if normal is None else quoted(normal)


def _normalised_text(kind: Kind, text: str) -> str | None:
    if text.isascii():
        collapsed = " ".join(text.split())
    else:
        collapsed = " ".join(unicodedata.normalize("NFC", text).split())
    if kind in _CASELESS:
        collapsed = collapsed.casefold()
    return collapsed or None


_CASELESS = (Kind.EMAIL, Kind.COUNTRY, Kind.CURRENCY)
