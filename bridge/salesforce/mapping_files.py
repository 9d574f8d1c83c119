"""Mappings from their TOML files, checked against the catalogue of canonical fields.

record_type = "INVOICE"
sobject = "ERP_Invoice__c"
external_id_field = "ERP_Key__c"

[parents]                    # relationship -> kind of sObject
Account__r = "Account"

[fields]                     # canonical field -> field, or parent's field
customer_number = "Account__r.ERP_Key__c"
issued_on = "Issued_On__c"
"""

import re
import tomllib
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, ValidationError

from bridge import BridgeError
from bridge.domain.records import RECORD_CLASSES, Kind, RecordType, fields_of
from bridge.salesforce.mapping import MappedField, Mapping, mapped_field

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class BadMapping(BridgeError):
    """A mapping file that cannot be used: which, where, and what to write instead."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)

    record_type: RecordType
    sobject: str
    external_id_field: str
    parents: dict[str, str] = {}
    fields: dict[str, str]


def load_mappings(folder: Traversable | Path) -> dict[RecordType, Mapping]:
    """The mappings of all *.toml files in a folder, parents before children. Raises BadMapping."""
    found: dict[RecordType, tuple[Mapping, str]] = {}
    for file in _toml_files(folder):
        mapping = _Source(file.name, _text_of(file)).mapping()
        if mapping.record_type in found:
            other = found[mapping.record_type][1]
            raise BadMapping(f"{file.name} and {other} both map {mapping.record_type}: keep one")
        found[mapping.record_type] = mapping, file.name
    if not found:
        raise BadMapping(f"there is no mapping file (*.toml) in {folder}")
    return {kind: found[kind][0] for kind in RecordType if kind in found}


class _Source:
    """The text of a mapping file, which knows where in it a name stands."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text

    def mapping(self) -> Mapping:
        content = self._content()
        for name in (content.sobject, content.external_id_field):
            self._check_name(name, name)
        fields = [self._field(content, name, path) for name, path in content.fields.items()]
        self._check_paths_differ(fields)
        return Mapping(
            record_type=content.record_type,
            sobject=content.sobject,
            external_id_field=content.external_id_field,
            fields=tuple(fields),
            parents=MappingProxyType(content.parents),
            place=self._place("sobject"),
            key_place=self._place("external_id_field"),
        )

    def _content(self) -> _File:
        try:
            return _File.model_validate(tomllib.loads(self._text))
        except tomllib.TOMLDecodeError as error:
            raise BadMapping(f"{self._name}: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            hint = _nearest(key, _File.model_fields) if first["type"] == "extra_forbidden" else ""
            raise BadMapping(f"{self._place(key)}: {key}: {first['msg']}{hint}") from error

    def _field(self, content: _File, name: str, text: str) -> MappedField:
        catalogue = fields_of(RECORD_CLASSES[content.record_type])
        if name not in catalogue:
            raise BadMapping(
                f"{self._place(name)}: a {content.record_type} has no field {name!r}"
                f"{_nearest(name, catalogue)}"
            )
        if catalogue[name].kind is Kind.ITEMS:
            raise BadMapping(f"{self._place(name)}: {name} repeats; no one field can hold it")
        path = tuple(text.split("."))
        for step in path:
            self._check_name(step, name)
        if len(path) > 2 or (len(path) == 2 and path[0] not in content.parents):
            raise BadMapping(
                f"{self._place(name)}: {text!r} must be a field, or RELATIONSHIP.FIELD with the "
                f"relationship listed in [parents]{_nearest(path[0], content.parents)}"
            )
        return mapped_field(content.record_type, name, path, self._place(name))

    def _check_name(self, name: str, key: str) -> None:
        if not _NAME.fullmatch(name):
            raise BadMapping(f"{self._place(key)}: {name!r} is no name of a Salesforce field")

    def _check_paths_differ(self, fields: Iterable[MappedField]) -> None:
        seen: dict[tuple[str, ...], str] = {}
        for field in fields:
            other = seen.setdefault(field.path, field.name)
            if other != field.name:
                raise BadMapping(
                    f"{field.place}: {field.name} and {other} both map to {'.'.join(field.path)}"
                )

    def _place(self, key: str) -> str:
        """File and line of a key; the file alone where the key is not found."""
        last = re.escape(key.rpartition(".")[2])
        for number, line in enumerate(self._text.splitlines(), start=1):
            if re.match(rf"\s*[\"']?{last}[\"']?\s*=|[^#]*=\s*[\"']{last}[\"']", line):
                return f"{self._name}, line {number}"
        return self._name


def _toml_files(folder: Traversable | Path) -> list[Traversable]:
    if not folder.is_dir():
        raise BadMapping(f"there is no folder {folder}")
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    return sorted(files, key=lambda file: file.name)


def _text_of(file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadMapping(f"{file.name} cannot be read: {error}") from error


def _nearest(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known) or 'none'}"
