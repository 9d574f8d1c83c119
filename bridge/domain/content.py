"""Values of a record as canonical JSON text, exact both ways.

Decimals travel as strings, dates in ISO 8601; keys are sorted, so equal values are equal texts.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import chain, islice, repeat
from json.encoder import encode_basestring as quoted
from operator import attrgetter
from types import NoneType
from typing import Any

from bridge.domain.columns import map_distinct
from bridge.domain.money import plain_text
from bridge.domain.records import (
    AMOUNT_KINDS,
    RECORD_CLASSES,
    DocumentLine,
    Field,
    Item,
    Kind,
    PaymentApplication,
    Record,
    RecordType,
    Value,
    Values,
    fields_of,
)


def encode_values(values: Values) -> str:
    """The values as canonical JSON; empty (None) values are kept, absent ones are absent."""
    texts = [f'"{name}":{_json_of(value)}' for name, value in sorted(values.items())]
    return "{" + ",".join(texts) + "}"


def decode_values(record_type: RecordType, text: str) -> dict[str, Value | None]:
    """Reads what `encode_values` wrote for a record of this type."""
    readers = _READERS[RECORD_CLASSES[record_type]]
    raws = json.loads(text)
    return {name: None if raw is None else readers[name](raw) for name, raw in raws.items()}


def encode_record(record: Record) -> str:
    """The whole record as canonical JSON: equal records are equal texts."""
    return encode_records([record])[0]


def encode_records(records: Sequence[Record]) -> list[str]:
    """The same of each of many records, which are all of one type."""
    return _ENCODERS[type(records[0])](records) if records else []


def encode_column(field: Field, values: Sequence[Value | None]) -> list[str]:
    """The values of one field in many records, each as canonical JSON."""
    return _WRITERS.get(field.kind, _write_texts)(field, values)


def decode_record(record_type: RecordType, text: str) -> Record:
    """Reads what `encode_record` wrote."""
    return RECORD_CLASSES[record_type](**decode_values(record_type, text))  # type: ignore[arg-type]


def encode_columns(
    record_type: RecordType, columns: Mapping[str, Sequence[Value | None]], count: int
) -> list[str]:
    """The canonical JSON (`encode_values`) of each of so many records of a type."""
    catalogue = fields_of(RECORD_CLASSES[record_type])
    parts: list[Iterable[str]] = []
    for place, (name, values) in enumerate(sorted(columns.items())):
        label = f'{"," if place else ""}"{name}":'
        parts += [repeat(label), encode_column(catalogue[name], values)]
    return list(map("".join, zip(repeat("{", count), *parts, repeat("}"), strict=False)))


def encode_value(value: Value | None) -> Any:
    """One value as JSON knows it: str, int, None or a list of objects."""
    match value:
        case None | int():
            return value
        case str():
            return str(value)
        case Decimal():
            return plain_text(value)
        case date():
            return value.isoformat()
        case tuple():
            return [_encode_item(item) for item in value]


def value_text(value: Value | None) -> str | None:
    """One value as people read it; `decode_value` reads it back, but for items."""
    return None if value is None else str(encode_value(value))


def decode_value(field: Field, raw: Any) -> Value | None:
    """Reads what `encode_value` wrote for a value of this field."""
    return None if raw is None else _reader(field)(raw)


@cache
def _reader(field: Field) -> Callable[[Any], Value]:
    """What reads the values of a field that are not empty."""
    if field.codes is not None:
        codes: Mapping[str, str] = dict(field.codes.__members__)
        # A code that the CRM holds and the contract does not know stays a text.
        return lambda raw: codes.get(raw, raw)
    if field.item_type is not None:
        item_type = field.item_type
        return lambda raw: tuple([_decode_item(item_type, item) for item in raw])
    return _READERS_OF_KIND.get(field.kind, str)


def _encode_item(item: Item) -> dict[str, Any]:
    return {f.name: encode_value(getattr(item, f.name)) for f in dataclass_fields(item)}


def _decode_item(item_type: type[Any], raw: dict[str, Any]) -> Item:
    readers = _READERS[item_type]
    item: Item = item_type(
        **{name: None if part is None else readers[name](part) for name, part in raw.items()}
    )
    return item


_WriteAll = Callable[[Sequence[Any]], list[str]]


def _encoder(of: type[Any]) -> _WriteAll:
    """Writes all values of records or items, column by column: that takes half the time."""
    columns = [
        (f'{"," if place else "{"}"{name}":', attrgetter(name), field)
        for place, (name, field) in enumerate(sorted(fields_of(of).items()))
    ]

    def encode(objects: Sequence[Any]) -> list[str]:
        parts: list[Iterable[str]] = []
        for label, get, field in columns:
            parts += [repeat(label), encode_column(field, list(map(get, objects)))]
        return list(map("".join, zip(*parts, repeat("}"), strict=False)))

    return encode


def _write_texts(_: Field, values: Sequence[Any]) -> list[str]:
    if None in values:
        return ["null" if value is None else quoted(value) for value in values]
    return list(map(quoted, values))


def _write_amounts(_: Field, values: Sequence[Any]) -> list[str]:
    return ["null" if value is None else f'"{plain_text(value)}"' for value in values]


def _write_few(_: Field, values: Sequence[Any]) -> list[str]:
    return map_distinct(_json_of, values)


def _write_items(field: Field, values: Sequence[Any]) -> list[str]:
    written = iter(_ENCODERS[field.item_type](list(chain.from_iterable(values))))
    return [f"[{','.join(islice(written, len(items)))}]" for items in values]


def _json_of(value: Any) -> str:
    return _JSON_OF_TYPE.get(type(value), quoted)(value)


# All others are texts: codes too, each of a type of its own.
_JSON_OF_TYPE: Mapping[type[Any], Callable[[Any], str]] = {
    NoneType: lambda _: "null",
    int: str,
    Decimal: lambda amount: f'"{plain_text(amount)}"',
    date: lambda day: f'"{day.isoformat()}"',
    tuple: lambda items: "[" + ",".join([_ENCODERS[type(item)]([item])[0] for item in items]) + "]",
}
_WRITERS: Mapping[Kind, Callable[[Field, Sequence[Any]], list[str]]] = {
    **dict.fromkeys(AMOUNT_KINDS, _write_amounts),
    # A batch has few days and codes, each of them often.
    **dict.fromkeys((Kind.DATE, Kind.CODE, Kind.CURRENCY, Kind.COUNTRY), _write_few),
    Kind.INTEGER: _write_few,
    Kind.ITEMS: _write_items,
}
_CLASSES: Sequence[type[Any]] = (*RECORD_CLASSES.values(), DocumentLine, PaymentApplication)
_ENCODERS: Mapping[type[Any] | None, _WriteAll] = {each: _encoder(each) for each in _CLASSES}
_READERS_OF_KIND: Mapping[Kind, Callable[[Any], Value]] = {
    **dict.fromkeys(AMOUNT_KINDS, Decimal),
    Kind.DATE: date.fromisoformat,
    Kind.INTEGER: int,
}
_READERS: Mapping[type[Any], Mapping[str, Callable[[Any], Value]]] = {
    each: {name: _reader(field) for name, field in fields_of(each).items()} for each in _CLASSES
}
