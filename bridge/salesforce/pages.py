"""sObjects, and query pages decoded straight from lxml.

Stock zeep builds a typed value per element; a page needs a dict of texts. This is fifteen
times as fast (tests/benchmarks/bench_pages.py) and never minds an element it does not know.
Shape of a page: SOAP API Developer Guide, "QueryResult"; every value of the Partner API is text.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

from lxml import etree

from bridge.salesforce.faults import MALFORMED_RESPONSE, SalesforceError

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

FieldValue: TypeAlias = "str | SObject | None"


class SObject(NamedTuple):
    """A record as it stands on the wire: type, id, and field name -> text, parent or nothing.

    A parent (`Account__r`) and a compound value (`BillingAddress`) are sObjects themselves; the
    latter has no type. When writing, `None` empties a field. A tuple, because a page makes
    thousands and a frozen dataclass takes twice as long.
    """

    type: str
    id: str | None
    fields: dict[str, FieldValue]

    def value_at(self, path: tuple[str, ...]) -> str | None:
        """The text at a path such as ("Account__r", "ERP_Key__c"); None where a step is empty.

        Raises KeyError where the field was not selected.
        """
        value: FieldValue = self
        for step in path:
            if value is None:
                return None
            if isinstance(value, str):
                raise KeyError(step)
            value = value.id if step == "Id" else value.fields[step]
        if isinstance(value, SObject):
            raise KeyError(path[-1])
        return value


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query: its rows, how many the whole query has, where the rest is."""

    rows: list[SObject]
    size: int
    locator: str | None

    @classmethod
    def decode(cls, result: etree._Element) -> Self:
        """Reads a `QueryResult` element. Raises SalesforceError where rows would be lost."""
        done = result.findtext("{*}done") == "true"
        locator = result.findtext("{*}queryLocator") or None
        size = result.findtext("{*}size") or ""
        rows = [decode_sobject(row) for row in result.iterchildren("{*}records")]
        if not done and not (locator and rows):
            raise SalesforceError(MALFORMED_RESPONSE, "a query has more rows and no way to them")
        return cls(
            rows=rows,
            size=int(size) if size.isdigit() else 0,
            locator=None if done else locator,
        )


def decode_sobject(element: etree._Element) -> SObject:
    """Reads an `sObject` element.

    Its `Id` stands twice when a query selects it; a null is an element without text. Parsed with
    blank text removed, so an element that has children has no text of its own.
    """
    fields: dict[str, FieldValue] = {}
    for child in element:
        value: FieldValue = child.text
        if value is None and len(child):
            value = decode_sobject(child)
        tag = child.tag
        try:
            fields[_LOCAL_NAMES[tag]] = value
        except KeyError:
            fields[_local_name(tag)] = value
    sobject_type, sobject_id = fields.pop("type", None), fields.pop("Id", None)
    if sobject_type is None:
        sobject_type = _own_type(element)
    return SObject(
        sobject_type if isinstance(sobject_type, str) else "",
        sobject_id if isinstance(sobject_id, str) else None,
        fields,
    )


def _own_type(element: etree._Element) -> str:
    """The type of a row of the Enterprise WSDL, which has none as a field."""
    prefix, _, name = element.get(_XSI_TYPE, "").rpartition(":")
    return name if "sobject" in element.nsmap.get(prefix or None, "") else ""


_LOCAL_NAMES: dict[str, str] = {}  # tag -> name: a page repeats a dozen tags 2,000 times


def _local_name(tag: str) -> str:
    name = _LOCAL_NAMES[tag] = tag.rpartition("}")[2]
    return name
