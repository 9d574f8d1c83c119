"""The sandbox's objects and fields, read from a schema file."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from bridge.sandbox.errors import SandboxError

DEFAULT_SCHEMA = Path(__file__).with_name("schema.toml")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_KEY_PREFIX = re.compile(r"[0-9A-Za-z]{3}")
_T = TypeVar("_T")


class FieldType(StrEnum):
    """The types of describeSObject that the sandbox stores."""

    BOOLEAN = "boolean"
    CURRENCY = "currency"
    DATE = "date"
    DATETIME = "datetime"
    DOUBLE = "double"
    EMAIL = "email"
    ID = "id"
    INT = "int"
    PERCENT = "percent"
    PHONE = "phone"
    PICKLIST = "picklist"
    REFERENCE = "reference"
    STRING = "string"
    TEXTAREA = "textarea"
    URL = "url"


class OnDelete(StrEnum):
    """What becomes of a child when the record it refers to is deleted."""

    CLEAR = "clear"
    RESTRICT = "restrict"
    CASCADE = "cascade"


DECIMAL_TYPES = frozenset({FieldType.CURRENCY, FieldType.DOUBLE, FieldType.PERCENT})
ID_TYPES = frozenset({FieldType.ID, FieldType.REFERENCE})
TEXT_TYPES = frozenset(
    {
        FieldType.EMAIL,
        FieldType.PHONE,
        FieldType.PICKLIST,
        FieldType.STRING,
        FieldType.TEXTAREA,
        FieldType.URL,
    }
)


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field. ``precision`` counts all digits, ``scale`` those behind the point."""

    name: str
    type: FieldType
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = True
    to: str = ""  # the object a reference points to
    relationship: str = ""  # how SOQL names the parent
    children: str = ""  # how the parent names its children
    on_delete: OnDelete = OnDelete.CLEAR
    read_only: bool = False
    auto_number: str = ""  # a format of the row number, such as "INV-{0:08d}"
    composed_of: tuple[str, ...] = ()  # joined by spaces

    @property
    def writable(self) -> bool:
        return not (self.read_only or self.auto_number or self.composed_of)

    @property
    def filterable(self) -> bool:
        return not (self.type is FieldType.TEXTAREA and self.length > 255)

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")


@dataclass(frozen=True, kw_only=True)
class SObject:
    """One object: its fields in the schema's order, the standard ones among them."""

    name: str
    key_prefix: str
    label: str
    read_only: bool
    mergeable: bool
    fields: tuple[Field, ...]

    @cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {field.name.lower(): field for field in self.fields}

    @cached_property
    def _by_relationship(self) -> Mapping[str, Field]:
        return {f.relationship.lower(): f for f in self.fields if f.relationship}

    def field(self, name: str) -> Field | None:
        """The field of that name, in any case."""
        return self._by_name.get(name.lower())

    def reference(self, relationship: str) -> Field | None:
        """The reference whose parent SOQL calls ``relationship``."""
        return self._by_relationship.get(relationship.lower())

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")


@dataclass(frozen=True, kw_only=True)
class Organization:
    """What getUserInfo and LimitInfoHeader tell about the org."""

    name: str = "Sandbox Organization"
    currency: str = "USD"
    currency_symbol: str = "$"
    language: str = "en_US"
    locale: str = "en_US"
    time_zone: str = "Etc/UTC"
    api_calls_per_day: int = 100_000


@dataclass(frozen=True, kw_only=True)
class Access:
    """The one user and the one OAuth client."""

    username: str
    password: str
    first_name: str
    last_name: str
    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Schema:
    """All objects, and who may log in."""

    organization: Organization
    access: Access
    objects: tuple[SObject, ...]

    @cached_property
    def _by_name(self) -> Mapping[str, SObject]:
        return {sobject.name.lower(): sobject for sobject in self.objects}

    @cached_property
    def _by_prefix(self) -> Mapping[str, SObject]:
        return {sobject.key_prefix: sobject for sobject in self.objects}

    def find(self, name: str) -> SObject | None:
        return self._by_name.get(name.lower())

    def object(self, name: str) -> SObject:
        """The object of a name that the schema itself uses."""
        return self._by_name[name.lower()]

    def owner_of(self, record_id: str) -> SObject | None:
        """The object whose key prefix the id carries."""
        return self._by_prefix.get(record_id[:3])

    def children_of(self, parent: SObject) -> Iterator[tuple[SObject, Field]]:
        """Every reference that points to ``parent``."""
        for child in self.objects:
            for field in child.fields:
                if field.to == parent.name:
                    yield child, field


def load_schema(path: Path | None = None) -> Schema:
    """Read a schema file. Raises SandboxError that names what is wrong in it."""
    path = path or DEFAULT_SCHEMA
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SandboxError(f"cannot read the schema file {path}: {error}") from error
    objects = _table(content, "objects", path)
    schema = Schema(
        organization=_build(Organization, _table(content, "organization", path), "organization"),
        access=_build(Access, _table(content, "access", path), "access"),
        objects=tuple(_sobject(name, _table(objects, name, path)) for name in objects),
    )
    _check_references(schema)
    return schema


def _table(content: Mapping[str, object], key: str, where: object) -> dict[str, object]:
    table = content.get(key)
    if not isinstance(table, dict):
        raise SandboxError(f"{where}: the table [{key}] is missing")
    return table


def _sobject(name: str, table: dict[str, object]) -> SObject:
    prefix = str(table.get("key_prefix", ""))
    if not (_NAME.fullmatch(name) and _KEY_PREFIX.fullmatch(prefix)):
        raise SandboxError(f"objects.{name}: needs a plain name and a key_prefix of 3 characters")
    own = [_field(name, key, value) for key, value in _table(table, "fields", name).items()]
    read_only = bool(table.get("read_only", False))
    return SObject(
        name=name,
        key_prefix=prefix,
        label=str(table.get("label", name)),
        read_only=read_only,
        mergeable=bool(table.get("mergeable", False)),
        fields=(_ID, *(_sealed(own) if read_only else own), *_AUDIT_FIELDS),
    )


def _sealed(own: list[Field]) -> list[Field]:
    return [replace(field, read_only=True) for field in own]


def _field(sobject: str, name: str, value: object) -> Field:
    where = f"objects.{sobject}.fields.{name}"
    if not (_NAME.fullmatch(name) and isinstance(value, dict)):
        raise SandboxError(f"{where}: needs a plain name and a table such as {{ type = 'string' }}")
    facts: dict[str, object] = {"name": name, "label": name, **value}
    try:
        facts["type"] = FieldType(value.get("type", ""))
        facts["on_delete"] = OnDelete(value.get("on_delete", OnDelete.CLEAR))
    except ValueError as error:
        raise SandboxError(f"{where}: {error}") from error
    for key in ("values", "composed_of"):
        facts[key] = tuple(value.get(key, ()))
    return _build(Field, facts, where)


def _build(kind: type[_T], facts: Mapping[str, object], where: str) -> _T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(facts) - known)
    if unknown:
        raise SandboxError(
            f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}"
        )
    try:
        return kind(**facts)
    except TypeError as error:
        raise SandboxError(f"{where}: {error}") from error


def _check_references(schema: Schema) -> None:
    for sobject in schema.objects:
        for field in sobject.fields:
            if field.type is FieldType.REFERENCE and schema.find(field.to) is None:
                raise SandboxError(
                    f"{sobject.name}.{field.name}: no object {field.to!r} to refer to"
                )


def _audit(name: str, type_: FieldType, relationship: str = "") -> Field:
    to = "User" if relationship else ""
    return Field(
        name=name, type=type_, label=name, to=to, relationship=relationship, read_only=True
    )


_ID = Field(name="Id", type=FieldType.ID, label="Record ID", read_only=True)
_AUDIT_FIELDS = (
    Field(
        name="OwnerId", type=FieldType.REFERENCE, label="Owner ID", to="User", relationship="Owner"
    ),
    _audit("IsDeleted", FieldType.BOOLEAN),
    _audit("CreatedDate", FieldType.DATETIME),
    _audit("CreatedById", FieldType.REFERENCE, "CreatedBy"),
    _audit("LastModifiedDate", FieldType.DATETIME),
    _audit("LastModifiedById", FieldType.REFERENCE, "LastModifiedBy"),
    _audit("SystemModstamp", FieldType.DATETIME),
)
ALWAYS_SET = frozenset({_ID.name, *(field.name for field in _AUDIT_FIELDS)})
