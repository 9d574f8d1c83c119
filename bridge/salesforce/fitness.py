"""Whether an org has what the mappings name: objects, fields, types, lengths, permissions."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from bridge.domain.records import RECORD_CLASSES, Field, Kind, RecordType, fields_of
from bridge.salesforce.descriptions import FieldDescription, Schema, SObjectDescription
from bridge.salesforce.mapping import MappedField
from bridge.salesforce.mapping import Mapping as FieldMapping
from bridge.wording import counted

_TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "combobox"})
_NUMBERS = frozenset({"double", "currency"})
_TYPES: Mapping[Kind, frozenset[str]] = {
    Kind.MONEY: _NUMBERS,
    Kind.AMOUNT: _NUMBERS,
    Kind.QUANTITY: _NUMBERS,
    Kind.INTEGER: _NUMBERS | {"int"},
    Kind.DATE: frozenset({"date"}),
}
_DECIMALS = {Kind.MONEY: 2, Kind.AMOUNT: 4, Kind.QUANTITY: 4}
_CODE_LENGTHS = {Kind.COUNTRY: 2, Kind.CURRENCY: 3}
_DEPLOY = "deploy what `erp-bridge salesforce metadata` writes, map another"
_PERMIT = "assign the permission set ERP_Bridge to this user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Something that a line of a mapping names and the org does not offer in that form.

    With a `grave` one nothing of the record type can be read or matched safely; any other costs
    single values, or what only writing needs.
    """

    place: str
    name: str
    problem: str
    remedy: str
    grave: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {self.name} {self.problem}: {self.remedy}"


def sobjects_of(mappings: Collection[FieldMapping]) -> list[str]:
    """The kinds of sObject that mappings name, parents among them."""
    names = [name for one in mappings for name in (one.sobject, *one.parents.values())]
    return list(dict.fromkeys(names))


def find_misfits(mapping: FieldMapping, schema: Schema) -> list[Misfit]:
    """What keeps a mapping from working with an org, in the order of its lines."""
    sobject = schema.get(mapping.sobject)
    if sobject is None:
        return [_unknown(mapping.place, mapping.sobject, mapping.sobject, schema)]
    return [
        *_of_object(mapping, sobject),
        *_of_key(mapping, sobject),
        *(one for field in mapping.fields for one in _of_field(mapping, field, sobject, schema)),
        *_unfilled(mapping, sobject),
    ]


def _of_object(mapping: FieldMapping, sobject: SObjectDescription) -> Iterator[Misfit]:
    if not sobject.queryable:
        yield _misfit(mapping.place, sobject.name, "cannot be read by this user", _PERMIT)
    if not (sobject.createable and sobject.updateable):
        problem = "cannot be created and changed by this user"
        yield _misfit(mapping.place, sobject.name, problem, _PERMIT, grave=False)


def _of_key(mapping: FieldMapping, sobject: SObjectDescription) -> Iterator[Misfit]:
    name = f"{sobject.name}.{mapping.external_id_field}"
    field = sobject.fields.get(mapping.external_id_field)
    if field is None:
        wanted = mapping.external_id_field
        yield _unknown(mapping.key_place, name, wanted, sobject.fields)
        return
    if field.type != "string":
        yield _misfit(mapping.key_place, name, f"is of type {field.type}", "make it a Text field")
        return
    lacks = [
        words
        for words, there in (
            ("an External ID", field.external_id),
            ("unique", field.unique),
            ("case-sensitive", field.case_sensitive),
        )
        if not there
    ]
    if lacks:
        problem = f"is not {', not '.join(lacks)}"
        remedy = "tick External ID, Unique, and treat 'ABC' and 'abc' as different, in Setup"
        yield _misfit(mapping.key_place, name, problem, remedy)
    yield from _too_short(mapping.key_place, name, field, _key_length(mapping.record_type))
    yield from _unwritable(mapping.key_place, name, field)


def _of_field(
    mapping: FieldMapping, mapped: MappedField, sobject: SObjectDescription, schema: Schema
) -> Iterator[Misfit]:
    if mapped.path == (mapping.external_id_field,):
        return
    name = f"{sobject.name}.{'.'.join(mapped.path)}"
    if len(mapped.path) == 2:
        yield from _of_parent(mapping, mapped, sobject, schema)
        return
    field = sobject.fields.get(mapped.path[0])
    if field is None:
        yield _unknown(mapped.place, name, mapped.path[0], sobject.fields)
        return
    canonical = fields_of(RECORD_CLASSES[mapping.record_type])[mapped.name]
    yield from _of_type(mapped.place, name, field, canonical)
    yield from _unwritable(mapped.place, name, field)


def _of_parent(
    mapping: FieldMapping, mapped: MappedField, sobject: SObjectDescription, schema: Schema
) -> Iterator[Misfit]:
    relationship, parent_field = mapped.path
    kind = mapping.parents[relationship]
    name = f"{sobject.name}.{relationship}"
    reference, parent = sobject.reference(relationship), schema.get(kind)
    known = [field.relationship for field in sobject.fields.values() if field.relationship]
    if reference is None:
        yield _unknown(mapped.place, name, relationship, known)
    elif reference.references != (kind,):
        found = " or ".join(reference.references)
        yield _misfit(mapped.place, name, f"points to {found}", f"it has to point to {kind} alone")
    elif parent is None:
        yield _unknown(mapped.place, kind, kind, schema)
    elif parent_field not in parent.fields:
        name = f"{kind}.{parent_field}"
        yield _unknown(mapped.place, name, parent_field, parent.fields)
    elif not (parent.fields[parent_field].external_id):
        name = f"{kind}.{parent_field}"
        yield _misfit(mapped.place, name, "is not an External ID", "name the parent by one")
    else:
        yield from _unwritable(mapped.place, f"{sobject.name}.{reference.name}", reference)


def _of_type(place: str, name: str, field: FieldDescription, canonical: Field) -> Iterator[Misfit]:
    fitting = _TYPES.get(canonical.kind, _TEXTS)
    if field.type not in fitting:
        remedy = f"{canonical.name} needs one of {', '.join(sorted(fitting))}"
        yield _misfit(place, name, f"is of type {field.type}", remedy)
    elif field.type in _NUMBERS:
        yield from _too_coarse(place, name, field, _DECIMALS.get(canonical.kind, 0))
    elif field.type == "picklist" and field.restricted and canonical.codes:
        missing = [code.value for code in canonical.codes if code.value not in field.choices]
        if missing:
            problem = f"does not offer {', '.join(missing)}"
            yield _misfit(place, name, problem, "add the values to the picklist", grave=False)
    else:
        yield from _too_short(place, name, field, _length(canonical))


def _unfilled(mapping: FieldMapping, sobject: SObjectDescription) -> Iterator[Misfit]:
    """Fields without which no record can be created, and which no line fills."""
    filled = {mapping.external_id_field}
    for mapped in mapping.fields:
        reference = sobject.reference(mapped.path[0])
        filled.add(reference.name if reference else mapped.path[0])
    for field in required_fields(sobject):
        if field.name not in filled:
            name = f"{sobject.name}.{field.name}"
            remedy = "map it, give it a default, or make it optional"
            problem = "is required and no line maps it"
            yield _misfit(mapping.place, name, problem, remedy, grave=False)


def required_fields(sobject: SObjectDescription) -> list[FieldDescription]:
    """The fields that a new record cannot do without."""
    return [
        field
        for field in sobject.fields.values()
        if field.createable and not field.nillable and not field.defaulted
    ]


def _too_short(place: str, name: str, field: FieldDescription, needed: int) -> Iterator[Misfit]:
    if field.length < needed:
        problem = f"holds {counted(field.length, 'character')}, {needed} may come"
        yield _misfit(place, name, problem, f"make it {needed} long", grave=False)


def _too_coarse(place: str, name: str, field: FieldDescription, needed: int) -> Iterator[Misfit]:
    if field.scale < needed:
        problem = f"keeps {field.scale} decimals, {needed} may come"
        yield _misfit(place, name, problem, f"give it {needed} decimals", grave=False)


def _unwritable(place: str, name: str, field: FieldDescription) -> Iterator[Misfit]:
    if not (field.createable and field.updateable):
        yield _misfit(place, name, "cannot be written by this user", _PERMIT, grave=False)


def _unknown(place: str, name: str, wanted: str, known: Collection[str]) -> Misfit:
    near = nearest_name(wanted, known)
    remedy = f"did you mean {near}? " if near else ""
    problem = "does not exist, or is hidden from this user"
    return _misfit(place, name, problem, f"{remedy}{_DEPLOY}, or {_PERMIT}")


def nearest_name(wanted: str, known: Collection[str]) -> str | None:
    """The known name that someone who wrote another may have meant."""
    lower = {name.lower(): name for name in known}
    near = get_close_matches(wanted.lower(), lower, n=1)
    return lower[near[0]] if near else None


def _length(field: Field) -> int:
    if field.codes:
        return max(len(code.value) for code in field.codes)
    return field.max_length or _CODE_LENGTHS.get(field.kind, 0)


def _key_length(record_type: RecordType) -> int:
    """Of a number, with the company code and a slash before it where there is one."""
    fields = fields_of(RECORD_CLASSES[record_type])
    parts = [fields[name] for name in ("company_code", "number") if name in fields]
    return sum(_length(part) for part in parts) + len(parts) - 1


def _misfit(place: str, name: str, problem: str, remedy: str, *, grave: bool = True) -> Misfit:
    return Misfit(place=place, name=name, problem=problem, remedy=remedy, grave=grave)
