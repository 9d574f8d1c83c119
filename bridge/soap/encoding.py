"""Compiled plans for writing: from a Spyne type to a function that writes its XML, built once.

The counterpart of `bridge.soap.decoding`; the rules of naming stand in `bridge.soap.elements`. All
objects at one place of a message are written at once, column by column.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from itertools import chain, islice
from operator import attrgetter
from typing import Any

from spyne import Boolean, ComplexModelBase, Date, DateTime, Integer, Unicode
from spyne import Decimal as SpyneDecimal

from bridge.soap.elements import Model, attribute_name, is_group, is_repeated

Encode = Callable[[Sequence[Any]], list[str]]
"""Writes something of each of many objects: XML, or nothing where it is absent."""


def encoder(model: Model) -> Callable[[Any], str]:
    """Writes the members of an object as the children of an element of this complex type.

    `None` is an absent element, and so is an empty text where the element is optional.
    """
    encode = _encoder(model)
    return lambda one: encode([one])[0]


def _encoder(model: Model, prefix: str = "") -> Encode:
    members = [
        _member_writer(name, prefix + attribute_name(name, child), child)
        for name, child in model._type_info.items()
    ]

    def encode(owners: Sequence[Any]) -> list[str]:
        if not members:
            return [""] * len(owners)
        columns = [write(owners) for write in members]
        return list(map("".join, zip(*columns, strict=True)))

    return encode


def _member_writer(name: str, attribute: str, child: Model) -> Encode:
    if not issubclass(child, ComplexModelBase):
        return _leaf_writer(name, attribute, child)
    if is_group(child):
        return _group_writer(name, _encoder(child, prefix=f"{attribute}_"))
    return _nested_writer(name, attribute, child)


def _nested_writer(name: str, attribute: str, child: Model) -> Encode:
    encode, get, many = _encoder(child), attrgetter(attribute), is_repeated(child)

    def write(owners: Sequence[Any]) -> list[str]:
        values = list(map(get, owners))
        if not many:
            values = [() if value is None else (value,) for value in values]
        written = encode(list(chain.from_iterable(values)))
        elements = iter([f"<{name}>{members}</{name}>" for members in written])
        return ["".join(islice(elements, len(of_owner))) for of_owner in values]

    return write


def _group_writer(name: str, encode: Encode) -> Encode:
    def write(owners: Sequence[Any]) -> list[str]:
        return [f"<{name}>{members}</{name}>" if members else "" for members in encode(owners)]

    return write


def _leaf_writer(name: str, attribute: str, model: Model) -> Encode:
    get, to_texts = attrgetter(attribute), _writer(model)
    empty_is_absent = to_texts is escape_each and not model.Attributes.min_occurs

    def write(owners: Sequence[Any]) -> list[str]:
        values = list(map(get, owners))
        if empty_is_absent:
            values = [value or None for value in values]
        present = [value for value in values if value is not None]
        elements = [f"<{name}>{text}</{name}>" for text in to_texts(present)]
        if len(elements) == len(values):
            return elements
        rest = iter(elements)
        return ["" if value is None else next(rest) for value in values]

    return write


def _writer(model: Model) -> Encode:
    for primitive, write in _WRITERS:
        if issubclass(model, primitive):
            return write
    return escape_each


def _each(write: Callable[[Any], str]) -> Encode:
    return lambda values: list(map(write, values))


def escape_each(texts: Sequence[str]) -> list[str]:
    """`escape` of each text; most have nothing to be escaped."""
    if _SPECIAL.search("".join(texts)):
        return list(map(escape, texts))
    return list(texts)


def escape(text: str) -> str:
    """Text as XML character data. What XML 1.0 cannot carry becomes U+FFFD."""
    return _SPECIAL.sub(_escaped, text) if _SPECIAL.search(text) else text


def _escaped(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0], "\ufffd")


def write_instant(instant: datetime) -> str:
    """An instant as xs:dateTime in UTC."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


# A carriage return that is not escaped would come back as a line feed (XML 1.0, section 2.11).
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_WRITERS: tuple[tuple[Model, Encode], ...] = (
    (Integer, _each(str)),
    (SpyneDecimal, _each("{:f}".format)),
    (Date, _each(date.isoformat)),
    (DateTime, _each(write_instant)),
    (Boolean, _each(lambda value: "true" if value else "false")),
    (Unicode, escape_each),
)
