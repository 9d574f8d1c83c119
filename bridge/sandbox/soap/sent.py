"""sObjects as they were sent, before anyone asks whether they make sense."""

from dataclasses import dataclass, field

from lxml import etree

from bridge.sandbox.errors import ApiFault, ClientFault
from bridge.sandbox.soap.wire import PARTNER, SOBJECT, is_nil

_FIELD = f"{{{SOBJECT}}}"


@dataclass
class SentRecord:
    """One sObject. Empty and nil elements are left out: only ``nulls`` empties a field."""

    type: str
    id: str = ""
    nulls: list[str] = field(default_factory=list)
    values: dict[str, "str | SentRecord"] = field(default_factory=dict)


def read_records(body: etree._Element, *, most: int) -> list[SentRecord]:
    """The ``sObjects`` of a call. Raises ApiFault if there are more than ``most``."""
    elements = body.findall(f"{{{PARTNER}}}sObjects")
    check_count(len(elements), most)
    return [read_record(element) for element in elements]


def check_count(count: int, most: int) -> None:
    if count > most:
        raise ApiFault(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {most} records into this call",
        )


def read_record(element: etree._Element) -> SentRecord:
    """One sObject: its type first, then fieldsToNull, Id and fields (WSDL, complexType sObject)."""
    children = list(element)
    if not children or children[0].tag != f"{_FIELD}type":
        raise ApiFault("INVALID_TYPE", "Must send a concrete entity type.")
    record = SentRecord(type=(children[0].text or "").strip())
    for child in children[1:]:
        _add(record, child)
    return record


def _add(record: SentRecord, child: etree._Element) -> None:
    tag = str(child.tag)
    if not tag.startswith(_FIELD):
        raise ClientFault(f"Element {tag} invalid at this location")
    name = tag[len(_FIELD) :]
    if len(child):
        record.values[name] = read_record(child)
        return
    text = (child.text or "").strip()
    if not text or is_nil(child):
        return
    if name == "fieldsToNull":
        record.nulls.append(text)
    elif name == "Id":
        record.id = text
    else:
        record.values[name] = text
