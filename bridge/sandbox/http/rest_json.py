"""Partner API elements as the REST API's JSON, and back."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from lxml import etree

from bridge.sandbox.errors import ApiFault, ClientFault
from bridge.sandbox.schema import DECIMAL_TYPES, FieldType, Schema, SObject
from bridge.sandbox.soap.wire import PARTNER, SOBJECT, is_nil

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

_COUNTS = frozenset("byteLength digits length maxBatchSize precision scale".split())
_LISTS: Mapping[str, tuple[str, ...]] = {
    "describeGlobal": ("sobjects",),
    "sobject": ("childRelationships", "fields"),
    "fields": ("picklistValues", "referenceTo"),
}


def partner_element(name: str, text: str = "") -> etree._Element:
    """An element of the Partner namespace."""
    element = etree.Element(f"{{{PARTNER}}}{name}")
    element.text = _legal(text)
    return element


def read_json_object(content: bytes) -> dict[str, Json]:
    """A request's body. Raises ClientFault."""
    try:
        read = json.loads(content or b"{}")
    except ValueError as error:
        raise ClientFault(f"Unexpected character in the JSON: {error}") from error
    if not isinstance(read, dict):
        raise ClientFault("The JSON must be an object")
    return read


def sobject_element(
    schema: Schema, sobject: SObject, content: Mapping[str, Json], tag: str = ""
) -> etree._Element:
    """An sObject: nulls empty a field, a nested object names a parent."""
    record = etree.Element(tag or f"{{{PARTNER}}}sObjects")
    _add(record, "type", sobject.name)
    for name, value in content.items():
        if value is None or value == "":
            _add(record, "fieldsToNull", name)
    for name, value in content.items():
        if isinstance(value, Mapping) and name != "attributes":
            reference = sobject.reference(name)
            parent = schema.object(reference.to) if reference else sobject
            record.append(sobject_element(schema, parent, value, f"{{{SOBJECT}}}{name}"))
        elif value not in (None, "") and name != "attributes":
            _add(record, name, _text(value))
    return record


def record_json(schema: Schema, record: etree._Element, root: str) -> dict[str, Json]:
    """A record with its type and address; the Id stands where the query asked for it."""
    kind = record.findtext(f"{{{SOBJECT}}}type", "")
    sobject = schema.object(kind)
    key = record.findtext(f"{{{SOBJECT}}}Id", "")
    found: dict[str, Json] = {"attributes": {"type": kind, "url": f"{root}/sobjects/{kind}/{key}"}}
    for member in list(record)[2:]:  # behind type and the sObject's own Id
        name = etree.QName(member).localname
        found[name] = _member(schema, sobject, name, member, root)
    return found


def result_json(result: etree._Element) -> dict[str, Json]:
    """A SaveResult, UpsertResult or DeleteResult."""
    found: dict[str, Json] = {
        "success": result.findtext(f"{{{PARTNER}}}success") == "true",
        "errors": [_error(error) for error in result.findall(f"{{{PARTNER}}}errors")],
    }
    if key := result.findtext(f"{{{PARTNER}}}id"):
        found["id"] = key
    if created := result.findtext(f"{{{PARTNER}}}created"):
        found["created"] = created == "true"
    return found


def deleted_json(result: etree._Element) -> dict[str, Json]:
    records = result.findall(f"{{{PARTNER}}}deletedRecords")
    return {
        "deletedRecords": [
            {
                "deletedDate": _moment(each.findtext(f"{{{PARTNER}}}deletedDate", "")),
                "id": each.findtext(f"{{{PARTNER}}}id"),
            }
            for each in records
        ],
        "earliestDateAvailable": _moment(
            result.findtext(f"{{{PARTNER}}}earliestDateAvailable", "")
        ),
        "latestDateCovered": _moment(result.findtext(f"{{{PARTNER}}}latestDateCovered", "")),
    }


def updated_json(result: etree._Element) -> dict[str, Json]:
    return {
        "ids": [each.text for each in result.findall(f"{{{PARTNER}}}ids")],
        "latestDateCovered": _moment(result.findtext(f"{{{PARTNER}}}latestDateCovered", "")),
    }


def description_json(result: etree._Element) -> dict[str, Json]:
    """DescribeGlobal or describeSObject, element for element."""
    is_global = result.find(f"{{{PARTNER}}}maxBatchSize") is not None
    return _described(result, "describeGlobal" if is_global else "sobject")


def _described(element: etree._Element, kind: str) -> dict[str, Json]:
    found: dict[str, Json] = {name: [] for name in _LISTS.get(kind, ())}
    for member in element:
        name = etree.QName(member).localname
        value = _described(member, name) if len(member) else _fact(name, member)
        entries = found.get(name)
        if isinstance(entries, list):
            entries.append(value)
        else:
            found[name] = value
    return found


def _fact(name: str, element: etree._Element) -> Json:
    text = element.text or ""
    if is_nil(element):
        return None
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if name in _COUNTS else text


def _member(
    schema: Schema, sobject: SObject, name: str, element: etree._Element, root: str
) -> Json:
    if is_nil(element):
        return None
    field = sobject.field(name)
    if field is None:
        return record_json(schema, element, root)
    return _READERS.get(field.type, str)(element.text or "")


def _error(error: etree._Element) -> Json:
    return {
        "message": error.findtext(f"{{{PARTNER}}}message"),
        "errorCode": error.findtext(f"{{{PARTNER}}}statusCode"),
        "fields": [field.text for field in error.findall(f"{{{PARTNER}}}fields")],
    }


def _add(record: etree._Element, name: str, text: str) -> None:
    try:
        etree.SubElement(record, f"{{{SOBJECT}}}{name}").text = _legal(text)
    except ValueError as error:
        raise ApiFault("INVALID_FIELD", f"No such column '{name}' on this sobject") from error


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _legal(text: str) -> str:
    """The text without what XML cannot hold: Salesforce strips it, too."""
    return "".join([c for c in text if c >= " " or c in "\t\n\r"])


def _moment(text: str) -> str:
    return text.replace("Z", "+0000")


_READERS: Mapping[FieldType, Callable[[str], Json]] = {
    FieldType.BOOLEAN: lambda text: text == "true",
    FieldType.DATETIME: _moment,
    FieldType.INT: int,
    **dict.fromkeys(DECIMAL_TYPES, float),  # as JavaScript and Salesforce have numbers
}
