"""The sandbox's objects and fields."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


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
    to: str = ""  # the object a reference points to; any object if empty
    relationship: str = ""  # how SOQL names the parent
    children: str = ""  # how the parent names its children
    on_delete: OnDelete = OnDelete.CLEAR
    read_only: bool = False
    auto_number: str = ""  # a format of the row number, such as "INV-{0:08d}"
    composed_of: tuple[str, ...] = ()  # joined by spaces
    hidden: bool = False  # kept, and shown to nobody

    @property
    def writable(self) -> bool:
        return not (self.read_only or self.auto_number or self.composed_of)

    @property
    def filterable(self) -> bool:
        return not self.long

    @property
    def long(self) -> bool:
        """Whether it is a long text area."""
        return self.type is FieldType.TEXTAREA and self.length > 255

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")


class OnDuplicate(StrEnum):
    """Whether a duplicate may be saved by who says that it may."""

    ALERT = "alert"
    BLOCK = "block"


@dataclass(frozen=True, kw_only=True)
class DuplicateRule:
    """Records with the same values in all of these fields are duplicates."""

    name: str
    fields: tuple[str, ...]
    action: OnDuplicate = OnDuplicate.ALERT


@dataclass(frozen=True, kw_only=True)
class SObject:
    """One object: its fields in the schema's order, the standard ones among them."""

    name: str
    key_prefix: str
    label: str
    read_only: bool
    mergeable: bool
    fields: tuple[Field, ...]
    duplicate_rules: tuple[DuplicateRule, ...] = ()

    @cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {field.name.lower(): field for field in self.shown}

    @cached_property
    def _by_relationship(self) -> Mapping[str, Field]:
        return {f.relationship.lower(): f for f in self.shown if f.relationship}

    @cached_property
    def shown(self) -> tuple[Field, ...]:
        """The fields that callers see."""
        return tuple(field for field in self.fields if not field.hidden)

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
    refresh_token: str = "sandbox-refresh-token"  # noqa: S105  (of a sandbox)


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

    @cached_property
    def _children(self) -> Mapping[str, list[tuple[SObject, Field]]]:
        children: dict[str, list[tuple[SObject, Field]]] = defaultdict(list)
        for child in self.objects:
            for field in child.shown:
                children[field.to].append((child, field))
        return children

    def children_of(self, parent: SObject) -> list[tuple[SObject, Field]]:
        """Every reference that points to ``parent``."""
        return self._children.get(parent.name, [])


def _audit(name: str, type_: FieldType, relationship: str = "") -> Field:
    to = "User" if relationship else ""
    return Field(
        name=name, type=type_, label=name, to=to, relationship=relationship, read_only=True
    )


ID_FIELD = Field(name="Id", type=FieldType.ID, label="Record ID", read_only=True)
AUDIT_FIELDS = (
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
ALWAYS_SET = frozenset({ID_FIELD.name, *(field.name for field in AUDIT_FIELDS)})
