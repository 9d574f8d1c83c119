"""Compiled plans: from a Spyne type to a function that reads or writes it, built once.

Spyne walks its classes again for every element that it decodes. A plan walks them once and keeps,
for each element name, the attribute and the converter; an lxml element then becomes a record (or a
result becomes text) without a Spyne object in between. The rules of naming that a plan follows
stand in `bridge.soap.elements`.

A plan for reading trusts its input: validate it against the schema first.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain, islice
from operator import attrgetter
from typing import Any

from lxml.etree import _Element
from spyne import Boolean, ComplexModelBase, Date, DateTime, Integer, Unicode
from spyne import Decimal as SpyneDecimal

from bridge.soap.elements import NAMESPACE, Model, attribute_name, is_repeated
from bridge.soap.violations import ContractViolated, Violation, violation_at

Decode = Callable[[_Element], Any]
"""Reads one element."""

Encode = Callable[[Any, list[str]], None]
"""Appends the XML of an object's members."""


# Reading


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A child element without children of its own.

    `convert` is None where the text is the value; `empty` is what no text means.
    """

    tag: str
    attribute: str
    convert: Callable[[str], Any] | None
    empty: str | None


@dataclass(frozen=True, slots=True)
class _Nested:
    """A child element with children of its own, once or repeated."""

    tag: str
    attribute: str
    table: "_Table"
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Table:
    """Reads all elements of one complex type at once, column by column.

    A column is converted by one `map`, which runs in C: that is twice as fast as taking each child
    to a converter of its own.
    """

    leaves: tuple[_Leaf, ...]
    nested: tuple[_Nested, ...]
    children: Callable[[_Element], Iterable[_Element]]
    build: "_Build"

    def read(self, elements: Sequence[_Element]) -> list[Any]:
        """One object for each element."""
        rows = [{child.tag: child.text for child in self.children(one)} for one in elements]
        columns: dict[str, Iterable[Any]] = {
            leaf.attribute: _leaf_column(leaf, rows, elements) for leaf in self.leaves
        }
        for nested in self.nested:
            columns[nested.attribute] = _nested_column(nested, rows, elements)
        return self.build(columns, len(elements))


def decoder(model: Model, build: Callable[..., Any] | None = None) -> Decode:
    """Reads an element of this complex type into its `python_type`, or what `build` makes.

    `build` gets all attributes as keyword arguments: None where an optional element is absent, a
    tuple where it is repeated. Reading raises ContractViolated where a value that the schema
    allows cannot be held (a date after the year 9999).
    """
    table = _table(model, build)
    return lambda element: table.read([element])[0]


def _table(model: Model, build: Callable[..., Any] | None = None) -> _Table:
    grouped = any(_is_group(child) for child in model._type_info.values())
    return _Table(
        leaves=tuple(_leaves(model)),
        nested=tuple(_nested(model)),
        # The members of a group are read as if they stood in its parent: their names differ.
        children=_Element.iterdescendants if grouped else iter,
        build=_builder(build or model.Attributes.python_type),
    )


def _leaves(model: Model, prefix: str = "") -> Iterator[_Leaf]:
    for name, child in model._type_info.items():
        attribute = prefix + attribute_name(name, child)
        if not issubclass(child, ComplexModelBase):
            convert = _converter(child)
            # An empty optional text is how some toolchains write an absent one.
            empty = "" if convert is None and child.Attributes.min_occurs else None
            yield _Leaf(_tag(name), attribute, convert, empty)
        elif _is_group(child):
            yield from _leaves(child, prefix=f"{attribute}_")


def _nested(model: Model) -> Iterator[_Nested]:
    for name, child in model._type_info.items():
        if issubclass(child, ComplexModelBase) and not _is_group(child):
            attribute = attribute_name(name, child)
            yield _Nested(_tag(name), attribute, _table(child), is_repeated(child))


def _is_group(model: Model) -> bool:
    return bool(getattr(model.Attributes, "is_group", False))


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _leaf_column(
    leaf: _Leaf, rows: Sequence[Mapping[str, str | None]], elements: Sequence[_Element]
) -> Iterable[Any]:
    tag, convert = leaf.tag, leaf.convert
    texts = [row.get(tag) for row in rows]
    try:
        if None not in texts:
            return texts if convert is None else list(map(convert, texts))  # type: ignore[arg-type]
        if convert is None:
            return [leaf.empty if text is None else text for text in texts]
        return [None if text is None else convert(text) for text in texts]
    except ValueError as error:
        raise ContractViolated([_first_violation(leaf, elements)]) from error


def _first_violation(leaf: _Leaf, elements: Sequence[_Element]) -> Violation:
    for element in elements:
        for child in element.iterdescendants(leaf.tag):
            try:
                leaf.convert and leaf.convert(child.text or "")
            except ValueError as error:
                return violation_at(child, str(error))
    raise AssertionError("a column fails where none of its texts does")


def _nested_column(
    nested: _Nested, rows: Sequence[Mapping[str, str | None]], elements: Sequence[_Element]
) -> Iterable[Any]:
    children = [
        list(element.iterchildren(nested.tag)) if nested.tag in row else []
        for element, row in zip(elements, rows, strict=True)
    ]
    objects = iter(nested.table.read(list(chain.from_iterable(children))))
    if nested.repeated:
        return [tuple(islice(objects, len(of_one))) for of_one in children]
    return [next(objects) if of_one else None for of_one in children]


def _builder(make: Callable[..., Any]) -> "_Build":
    if isinstance(make, type) and is_dataclass(make) and hasattr(make, "__slots__"):
        return _slots_builder(make)

    def build(columns: Mapping[str, Iterable[Any]], count: int) -> list[Any]:
        if not columns:
            return [make() for _ in range(count)]
        return [
            make(**dict(zip(columns, row, strict=True)))
            for row in zip(*columns.values(), strict=True)
        ]

    return build


def _slots_builder(record_class: type[Any]) -> "_Build":
    """Fills the slots of frozen dataclasses column by column, as their `__init__` would.

    It does no more than that (there is no `__post_init__`), and takes four times as long.
    """
    setters = {one.name: getattr(record_class, one.name).__set__ for one in fields(record_class)}

    def build(columns: Mapping[str, Iterable[Any]], count: int) -> list[Any]:
        objects = [object.__new__(record_class) for _ in range(count)]
        for attribute, column in columns.items():
            deque(map(setters[attribute], objects, column), maxlen=0)
        return objects

    return build


_Build = Callable[[Mapping[str, Iterable[Any]], int], list[Any]]


def _converter(model: Model) -> Callable[[str], Any] | None:
    codes = getattr(model.Attributes, "python_type", None)
    if codes is not None:
        return {code.value: code for code in codes}.__getitem__
    for primitive, convert in _CONVERTERS:
        if issubclass(model, primitive):
            return convert
    return None


def _read_date(text: str) -> date:
    """An xs:date: its zone, if any, is left aside, because a business day is what is written."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        day = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)?", text.strip())
        if day is None or day[1].startswith("0000"):
            raise ValueError("only the years 0001 to 9999 can be stored") from None
        return date.fromisoformat(day[1])


def _read_instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text.strip())
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _read_boolean(text: str) -> bool:
    return text.strip() in ("true", "1")


# Integer before Decimal and Date before DateTime: Spyne derives one from the other.
_CONVERTERS: tuple[tuple[Model, Callable[[str], Any]], ...] = (
    (Integer, int),
    (SpyneDecimal, Decimal),
    (Date, _read_date),
    (DateTime, _read_instant),
    (Boolean, _read_boolean),
)


# Writing


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
    if _is_group(child):
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
    absent = () if model.Attributes.min_occurs else ("",)

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
