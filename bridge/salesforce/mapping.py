"""Translation of fields between canonical records and sObjects, and nothing else."""

from collections import abc
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from bridge.domain.crm import CrmRecord, UnreadableValue
from bridge.domain.records import (
    RECORD_CLASSES,
    RecordKey,
    RecordType,
    Value,
    fields_of,
)
from bridge.domain.salesforce_ids import normalise_id
from bridge.salesforce.faults import MALFORMED_RESPONSE, SalesforceError
from bridge.salesforce.pages import FieldValue, SObject
from bridge.salesforce.results import instant
from bridge.salesforce.values import Reader, reader_of, text_of

_MERGEABLE = frozenset({"Account", "Contact", "Lead", "Case"})
"""Standard objects that can be merged: the loser's MasterRecordId names the winner."""


@dataclass(frozen=True, slots=True)
class MappedField:
    """One line of a mapping: a canonical field, and where it lives in Salesforce."""

    name: str
    path: tuple[str, ...]  # ("Name",), or ("Account__r", "ERP_Key__c") for a parent's field
    place: str  # file and line, for messages
    read: Reader


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one record type and one kind of sObject translate into each other."""

    record_type: RecordType
    sobject: str
    external_id_field: str
    fields: tuple[MappedField, ...]
    parents: abc.Mapping[str, str]  # relationship -> kind of sObject: Account__r -> Account
    place: str  # file and line of the sObject, for messages
    key_place: str  # ... and of the external id

    def select(self, extra: Iterable[str] = ()) -> list[str]:
        """The fields a SOQL query must ask for, so that `read` finds all it needs."""
        merged = ["MasterRecordId"] if self.mergeable else []
        own = ["Id", self.external_id_field, "IsDeleted", "SystemModstamp", *merged]
        mapped = [".".join(field.path) for field in self.fields]
        return list(dict.fromkeys([*own, *mapped, *extra]))

    def read(self, sobject: SObject) -> CrmRecord:
        """The record behind a row. One unreadable value does not sink the others.

        Raises SalesforceError where the row lacks its id or SystemModstamp.
        """
        fields = sobject.fields
        stamp = fields.get("SystemModstamp")
        if sobject.id is None or not isinstance(stamp, str):
            raise SalesforceError(
                MALFORMED_RESPONSE, f"a row of {self.sobject} has no Id or no SystemModstamp"
            )
        salesforce_id = normalise_id(sobject.id)
        erp_key = _trimmed(fields.get(self.external_id_field))
        master = _trimmed(fields.get("MasterRecordId"))
        values, problems = self._read_values(sobject, salesforce_id, erp_key)
        return CrmRecord(
            salesforce_id=salesforce_id,
            erp_key=erp_key,
            deleted=fields.get("IsDeleted") == "true",
            modified_at=instant(stamp).astimezone(UTC),
            master_record_id=normalise_id(master) if master else None,
            values=values,
            problems=problems,
        )

    def write(self, key: RecordKey, values: abc.Mapping[str, Value | None]) -> SObject:
        """The row that an upsert by external id takes: the key, and the values given.

        Fields that are not mapped (lines, applications) are left out; None empties a field.
        Raises UnwritableValue.
        """
        written = {self.external_id_field: str(key), **self._write_values(values)}
        return SObject(self.sobject, None, written)

    def write_changes(self, salesforce_id: str, values: abc.Mapping[str, Value | None]) -> SObject:
        """The row that an update takes to change a record, known by its id, as `write` does."""
        return SObject(self.sobject, salesforce_id, self._write_values(values))

    def write_key(self, key: RecordKey | None, salesforce_id: str) -> SObject:
        """The row that an update takes to give a record, known by id, an External ID or none."""
        text = None if key is None else str(key)
        return SObject(self.sobject, salesforce_id, {self.external_id_field: text})

    @property
    def mergeable(self) -> bool:
        """Whether people can merge such records in Salesforce."""
        return self.sobject in _MERGEABLE

    def _read_values(
        self, sobject: SObject, salesforce_id: str, erp_key: str | None
    ) -> tuple[dict[str, Value | None], tuple[UnreadableValue, ...]]:
        values: dict[str, Value | None] = {}
        problems: list[UnreadableValue] = []
        for field in self.fields:
            try:
                text = sobject.value_at(field.path)
            except KeyError:
                continue  # not selected, so not read
            text = text.strip() if text else None
            try:
                values[field.name] = field.read(text) if text else None
            except ValueError as error:
                problems.append(
                    UnreadableValue(
                        salesforce_id=salesforce_id,
                        erp_key=erp_key,
                        field=field.name,
                        path=".".join(field.path),
                        text=text or "",
                        reason=str(error),
                        place=field.place,
                    )
                )
        return values, tuple(problems)

    def _write_values(self, values: abc.Mapping[str, Value | None]) -> dict[str, FieldValue]:
        return dict(
            self._write_value(field, values[field.name])
            for field in self.fields
            if field.name in values and field.path != (self.external_id_field,)
        )

    def _write_value(self, field: MappedField, value: Value | None) -> tuple[str, FieldValue]:
        text = text_of(value)
        if len(field.path) == 1:
            return field.path[0], text
        relationship, parent_field = field.path
        if text is None:
            return reference_field(relationship), None
        return relationship, SObject(self.parents[relationship], None, {parent_field: text})


def mapped_field(
    record_type: RecordType, name: str, path: tuple[str, ...], place: str
) -> MappedField:
    """A line of a mapping, with the reader its canonical field demands."""
    field = fields_of(RECORD_CLASSES[record_type])[name]
    return MappedField(name, path, place, reader_of(field))


def reference_field(relationship: str) -> str:
    """The field that holds the id behind a relationship: Account__r -> Account__c."""
    if relationship.endswith("__r"):
        return f"{relationship.removesuffix('__r')}__c"
    return f"{relationship}Id"


def _trimmed(value: FieldValue) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None
