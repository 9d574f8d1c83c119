"""Values that a person types into a decision: as the contract writes them, no slip of the hand."""

import re
from collections.abc import Iterable

from bridge import BridgeError
from bridge.domain.records import Field, Kind
from bridge.wording import printable


class UnfitValue(BridgeError):
    """A text that is no value of its field."""

    def __init__(self, field: Field, text: str | None) -> None:
        super().__init__(f"{field.name}: {text!r} is no {field.kind}")


class NegativeAmount(BridgeError):
    """A number below zero, where neither side has one."""


def require_plain(field: Field, text: str, sides: Iterable[str | None]) -> None:
    """Refuses what Python would read and the contract would not: `1_000`, `1e3`, `20260301`.

    An empty text clears the field. `sides` are the texts of both systems' values. Raises
    UnfitValue, NegativeAmount.
    """
    written = _WRITTEN.get(field.kind)
    if printable(text) != text or (text and written and not written.fullmatch(text)):
        raise UnfitValue(field, text)
    if field.kind in _NUMBERS and _is_negative(text) and not any(map(_is_negative, sides)):
        raise NegativeAmount(f"{field.name}: {text} is negative, and neither side is")


def _is_negative(text: str | None) -> bool:
    return text is not None and text.startswith("-")


_NUMBERS = (Kind.MONEY, Kind.AMOUNT, Kind.QUANTITY, Kind.INTEGER)
_WRITTEN = dict.fromkeys(_NUMBERS, re.compile(r"-?[0-9]+(\.[0-9]+)?")) | {
    Kind.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
}
