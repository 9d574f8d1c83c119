"""Compiled plans for writing: from a Spyne type to a function that writes its XML, built once.

The counterpart of `bridge.soap.decoding`; the rules of naming stand in `bridge.soap.elements`.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from spyne import Boolean, ComplexModelBase, Date, DateTime, Integer, Unicode
from spyne import Decimal as SpyneDecimal

from bridge.soap.elements import Model, attribute_name, is_group, is_repeated

Encode = Callable[[Any, list[str]], None]
"""Appends the XML of an object's members."""


def encoder(model: Model) -> Encode:
    """Writes the members of an object as the children of an element of this complex type.

    `None` is an absent element, and so is an empty text where the element is optional.
    """
    return _encoder(model, prefix="")


def _encoder(model: Model, prefix: str) -> Encode:
    writers = [
        _member_writer(name, prefix + attribute_name(name, child), child)
        for name, child in model._type_info.items()
    ]

    def encode(owner: Any, parts: list[str]) -> None:
        for write in writers:
            write(owner, parts)

    return encode


def _member_writer(name: str, attribute: str, child: Model) -> Encode:
    if not issubclass(child, ComplexModelBase):
        return _leaf_writer(name, attribute, child)
    if is_group(child):
        return _group_writer(name, _encoder(child, prefix=f"{attribute}_"))
    encode, get, many = encoder(child), attrgetter(attribute), is_repeated(child)

    def write(owner: Any, parts: list[str]) -> None:
        value = get(owner)
        for one in value if many else () if value is None else (value,):
            parts.append(f"<{name}>")
            encode(one, parts)
            parts.append(f"</{name}>")

    return write


def _group_writer(name: str, encode: Encode) -> Encode:
    def write(owner: Any, parts: list[str]) -> None:
        members: list[str] = []
        encode(owner, members)
        if members:
            parts += [f"<{name}>", *members, f"</{name}>"]

    return write


def _leaf_writer(name: str, attribute: str, model: Model) -> Encode:
    get, text = attrgetter(attribute), _writer(model)
    absent = ("",) if text is escape and not model.Attributes.min_occurs else ()

    def write(owner: Any, parts: list[str]) -> None:
        value = get(owner)
        if value is not None and value not in absent:
            parts.append(f"<{name}>{text(value)}</{name}>")

    return write


def _writer(model: Model) -> Callable[[Any], str]:
    for primitive, write in _WRITERS:
        if issubclass(model, primitive):
            return write
    return escape


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

_WRITERS: tuple[tuple[Model, Callable[[Any], str]], ...] = (
    (Integer, str),
    (SpyneDecimal, "{:f}".format),
    (Date, date.isoformat),
    (DateTime, write_instant),
    (Boolean, lambda value: "true" if value else "false"),
    (Unicode, escape),
)
