"""An org's Enterprise WSDL as a schema: its objects and fields, and no others.

A WSDL tells names and types. What it does not tell (lengths, external ids, picklists, key prefixes)
comes from the schema file for the objects and fields that both know; the rest gets what any org
would take. Source: SOAP API Developer Guide, "Enterprise and Partner WSDLs".
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lxml import etree

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.ids import DIGITS
from bridge.sandbox.schema.model import (
    AUDIT_FIELDS,
    DECIMAL_TYPES,
    ID_FIELD,
    TEXT_TYPES,
    Field,
    FieldType,
    Schema,
    SObject,
)

SOBJECTS = "urn:sobject.enterprise.soap.sforce.com"
ENTERPRISE = "urn:enterprise.soap.sforce.com"
_XSD = "http://www.w3.org/2001/XMLSchema"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NO_OBJECTS = frozenset({"sObject", "AggregateResult", "Name"})
_MERGEABLE = frozenset({"Account", "Case", "Contact", "Lead"})
_MASTER = "MasterRecordId"
_LONGEST_TEXT = 131_072
_KINDS: Mapping[str, Field] = {
    "boolean": Field(name="", type=FieldType.BOOLEAN),
    "date": Field(name="", type=FieldType.DATE),
    "dateTime": Field(name="", type=FieldType.DATETIME),
    "double": Field(name="", type=FieldType.DOUBLE, precision=18, scale=6),
    "int": Field(name="", type=FieldType.INT, precision=9),
    **dict.fromkeys(
        ("anyType", "base64Binary", "string", "time"),
        Field(name="", type=FieldType.STRING, length=_LONGEST_TEXT),
    ),
}
_KEY_PREFIXES = {
    "Account": "001", "Asset": "02i", "Campaign": "701", "Case": "500", "Contact": "003",
    "Contract": "800", "Event": "00U", "Group": "00G", "Lead": "00Q", "Opportunity": "006",
    "OpportunityLineItem": "00k", "Order": "801", "OrderItem": "802", "Organization": "00D",
    "Pricebook2": "01s", "PricebookEntry": "01u", "Product2": "01t", "Profile": "00e",
    "Quote": "0Q0", "RecordType": "012", "Task": "00T", "User": "005", "UserRole": "00E",
}  # fmt: skip
_Elements = Mapping[str, tuple[str, str]]  # name -> namespace and local name of its type


def with_objects_of(path: Path, schema: Schema) -> Schema:
    """The schema, its objects replaced by those of a WSDL. Raises SandboxError."""
    found = dict(_objects(path))
    if not found:
        raise SandboxError(f"{path} is no Enterprise WSDL: it has no object in {SOBJECTS}")
    prefixes = _key_prefixes(found, schema)
    objects = [
        _sobject(name, elements, prefixes[name], found, schema) for name, elements in found.items()
    ]
    needed = [schema.object(name) for name in ("Organization", "User") if name not in found]
    return replace(schema, objects=(*needed, *objects))


def _objects(path: Path) -> Iterator[tuple[str, _Elements]]:
    """Each object's name and elements."""
    types = f".//{{{_XSD}}}schema[@targetNamespace='{SOBJECTS}']/{{{_XSD}}}complexType[@name]"
    for kind in _read(path).iterfind(types):
        name = str(kind.get("name"))
        elements = kind.findall(f"{{{_XSD}}}complexContent/{{{_XSD}}}extension//{{{_XSD}}}element")
        if name not in _NO_OBJECTS and elements:
            members = {str(element.get("name")): _type(element) for element in elements}
            if not all(map(_NAME.fullmatch, (name, *members))):
                raise SandboxError(f"{path}: {name} has a name that no object or field has")
            yield name, members


def _read(path: Path) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    try:
        root = etree.parse(path, parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise SandboxError(f"cannot read the WSDL {path}: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise SandboxError(f"cannot read the WSDL {path}: it has a DOCTYPE")
    return root


def _type(element: etree._Element) -> tuple[str, str]:
    prefix, _, local = str(element.get("type", "")).rpartition(":")
    return element.nsmap.get(prefix or None, ""), local


def _key_prefixes(found: Mapping[str, _Elements], schema: Schema) -> dict[str, str]:
    """A prefix for each object: the schema's, the well-known, or one made of its name."""
    prefixes: dict[str, str] = {}
    for name in found:
        known = schema.find(name)
        prefix = known.key_prefix if known else _KEY_PREFIXES.get(name)
        if prefix:
            prefixes[name] = prefix
    taken = set(prefixes.values()) | {sobject.key_prefix for sobject in schema.objects}
    for name in sorted(set(found) - set(prefixes)):
        prefixes[name] = next(each for each in _candidates(name) if each not in taken)
        taken.add(prefixes[name])
    return prefixes


def _candidates(name: str) -> Iterator[str]:
    """Prefixes of custom objects start with a, those of others with 0."""
    first = "a" if name.endswith("__c") else "0"
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    for step in range(62 * 62):
        tens, ones = divmod((number + step) % (62 * 62), 62)
        yield f"{first}{DIGITS[tens]}{DIGITS[ones]}"


def _sobject(
    name: str, elements: _Elements, prefix: str, found: Mapping[str, _Elements], schema: Schema
) -> SObject:
    known = schema.find(name)
    audit = {field.name for field in AUDIT_FIELDS} | {ID_FIELD.name}
    fields = [
        _as_known(field, known, elements)
        for member in elements
        if member not in audit and (field := _field(member, elements, found))
    ]
    hidden = [replace(field, hidden=field.name not in elements) for field in AUDIT_FIELDS]
    return SObject(
        name=name,
        key_prefix=prefix,
        label=known.label if known else name.removesuffix("__c").replace("_", " "),
        read_only=known.read_only if known else False,
        mergeable=name in _MERGEABLE and _MASTER in elements,
        fields=(ID_FIELD, *fields, *hidden),
        duplicate_rules=tuple(
            rule
            for rule in (known.duplicate_rules if known else ())
            if set(rule.fields) <= set(elements)
        ),
    )


def _field(name: str, elements: _Elements, found: Mapping[str, _Elements]) -> Field | None:
    """The field of an element; None for relationships, child relationships and compounds."""
    namespace, local = elements[name]
    if namespace == _XSD and local in _KINDS:
        return replace(_KINDS[local], name=name, label=_label(name))
    if (namespace, local) != (ENTERPRISE, "ID"):
        return None
    relationship = f"{name[:-1]}r" if name.endswith("__c") else name.removesuffix("Id")
    where, to = elements.get(relationship, ("", ""))
    known = where == SOBJECTS and (to in found or to == "User")
    return Field(
        name=name,
        type=FieldType.REFERENCE,
        label=_label(name),
        to=to if known else "",
        relationship=relationship if known else "",
        read_only=name == _MASTER,
    )


def _as_known(field: Field, known: SObject | None, elements: _Elements) -> Field:
    """The field as the schema file has it, if that is of the same kind."""
    told = known.field(field.name) if known else None
    if told is None or _stored_as(told) is not _stored_as(field) or told.to != field.to:
        return field
    return told if set(told.composed_of) <= set(elements) else replace(told, composed_of=())


def _stored_as(field: Field) -> FieldType:
    if field.type in TEXT_TYPES:
        return FieldType.STRING
    return FieldType.DOUBLE if field.type in DECIMAL_TYPES else field.type


def _label(name: str) -> str:
    return name.removesuffix("__c").replace("_", " ")
