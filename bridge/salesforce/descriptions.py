"""What an org says of its objects and fields: enough to tell what a mapping can do with them.

Source: SOAP API Developer Guide, "DescribeSObjectResult" and its "Field" and "PicklistEntry".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Self

from lxml import etree

from bridge.salesforce.results import text_in


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDescription:
    """One field, as this user sees it: what is hidden from the user is not described at all.

    `length` counts characters, 0 where the type has none; `precision` all digits, `scale` those
    behind the point. `defaulted` fields get a value of their own when a record is created without
    one. `choices` are the active values of a picklist; only a `restricted` one takes no others.
    """

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    restricted: bool = False
    choices: tuple[str, ...] = ()
    relationship: str = ""
    references: tuple[str, ...] = ()

    @classmethod
    def decode(cls, field: etree._Element) -> Self:
        """Reads a Field element."""
        return cls(
            name=text_in(field, "name"),
            type=text_in(field, "type"),
            length=_number(field, "length"),
            precision=max(_number(field, "precision"), _number(field, "digits")),
            scale=_number(field, "scale"),
            nillable=_is_true(field, "nillable"),
            createable=_is_true(field, "createable"),
            updateable=_is_true(field, "updateable"),
            defaulted=_is_true(field, "defaultedOnCreate"),
            external_id=_is_true(field, "externalId"),
            unique=_is_true(field, "unique"),
            case_sensitive=_is_true(field, "caseSensitive"),
            restricted=_is_true(field, "restrictedPicklist"),
            choices=tuple(_choices(field.iterchildren("{*}picklistValues"))),
            relationship=text_in(field, "relationshipName"),
            references=tuple(e.text for e in field.iterchildren("{*}referenceTo") if e.text),
        )


@dataclass(frozen=True)
class SObjectDescription:
    """One kind of sObject, as this user sees it."""

    name: str
    label: str
    key_prefix: str | None
    queryable: bool
    createable: bool
    updateable: bool
    fields: dict[str, FieldDescription]

    @classmethod
    def decode(cls, result: etree._Element) -> Self:
        """Reads a DescribeSObjectResult element."""
        found = result.iterchildren("{*}fields")
        fields = [FieldDescription.decode(element) for element in found]
        return cls(
            name=text_in(result, "name"),
            label=text_in(result, "label"),
            key_prefix=text_in(result, "keyPrefix") or None,
            queryable=_is_true(result, "queryable"),
            createable=_is_true(result, "createable"),
            updateable=_is_true(result, "updateable"),
            fields={field.name: field for field in fields},
        )

    def reference(self, relationship: str) -> FieldDescription | None:
        """The field behind a relationship such as `Account__r`."""
        return self._references.get(relationship)

    @cached_property
    def _references(self) -> dict[str, FieldDescription]:
        return {field.relationship: field for field in self.fields.values() if field.relationship}


Schema = Mapping[str, SObjectDescription]
"""Kinds of sObject by name, as the org describes them to its user."""


class Descriptions:
    """A schema kept for a while. Threads may share it."""

    def __init__(self, max_age: timedelta, now: Callable[[], datetime]) -> None:
        self._max_age = max_age
        self._now = now
        self._kept: tuple[tuple[str, ...], Schema, datetime] | None = None

    def known(self, names: Sequence[str]) -> Schema | None:
        """The schema of just these names, if it is young enough."""
        kept = self._kept
        if kept is None or kept[0] != tuple(names) or self._now() - kept[2] > self._max_age:
            return None
        return kept[1]

    def keep(self, names: Sequence[str], schema: Schema) -> None:
        """Keeps what was described."""
        self._kept = tuple(names), schema, self._now()

    def forget(self) -> None:
        """Keeps nothing any more."""
        self._kept = None


def _choices(entries: Iterable[etree._Element]) -> Iterable[str]:
    return (text_in(entry, "value") for entry in entries if _is_true(entry, "active"))


def _is_true(element: etree._Element, name: str) -> bool:
    return text_in(element, name) == "true"


def _number(element: etree._Element, name: str) -> int:
    text = text_in(element, name)
    return int(text) if text.isdigit() else 0
