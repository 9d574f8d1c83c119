"""The answers of the Partner API other than query pages, as values."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lxml import etree

from bridge.domain.salesforce_ids import normalise_id
from bridge.salesforce.faults import MALFORMED_RESPONSE, Remedy, SalesforceError, worst_remedy


@dataclass(frozen=True, slots=True)
class RowError:
    """Why Salesforce refused a row: its status code, its words, the fields it names."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    """Ids of the records that the row would be a duplicate of (DUPLICATES_DETECTED)."""

    @property
    def lacks_parent(self) -> bool:
        """Whether the row names a parent, by External ID, that is not there: just now, perhaps.

        A customer's Account that won a merge gets the key of the one that lost a little later.
        """
        words = ("Foreign key external ID: ", " not found ")
        return self.code == "INVALID_FIELD" and all(one in self.message for one in words)

    def __str__(self) -> str:
        where = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{self.code}: {self.message}{where}"


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a write. `remedy` is None where it succeeded."""

    success: bool
    id: str | None
    created: bool
    errors: tuple[RowError, ...]
    remedy: Remedy | None

    @classmethod
    def decode(cls, result: etree._Element, *, passing: frozenset[str] = frozenset()) -> Self:
        """Reads a SaveResult, UpsertResult or DeleteResult element.

        `passing` are codes that, after this kind of write, are worth trying again.
        """
        success = text_in(result, "success") == "true"
        errors = tuple(_row_error(e) for e in result.iterchildren("{*}errors"))
        grave = [
            error.code for error in errors if error.code not in passing and not error.lacks_parent
        ]
        remedy = worst_remedy(grave) if grave or not errors else Remedy.RETRY
        return cls(
            success=success,
            id=text_in(result, "id") or None,
            created=text_in(result, "created") == "true",
            errors=errors,
            remedy=None if success else remedy,
        )

    @classmethod
    def refused(cls, *errors: RowError, remedy: Remedy = Remedy.GIVE_UP) -> Self:
        """The result of a row that was not sent, or not by itself."""
        return cls(success=False, id=None, created=False, errors=errors, remedy=remedy)

    @property
    def duplicates(self) -> tuple[str, ...]:
        """Ids of the records that Salesforce takes the row for a duplicate of."""
        return tuple(dict.fromkeys(one for error in self.errors for one in error.duplicates))


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Whose session it is."""

    user_id: str
    username: str
    full_name: str
    organization_id: str
    organization_name: str

    @classmethod
    def decode(cls, result: etree._Element) -> Self:
        """Reads a GetUserInfoResult element."""
        return cls(
            user_id=text_in(result, "userId"),
            username=text_in(result, "userName"),
            full_name=text_in(result, "userFullName"),
            organization_id=text_in(result, "organizationId"),
            organization_name=text_in(result, "organizationName"),
        )


@dataclass(frozen=True, slots=True)
class ChangedIds:
    """Ids that getUpdated or getDeleted lists, and the instant up to which the list is complete."""

    ids: tuple[str, ...]
    covered_until: datetime


def text_in(element: etree._Element, name: str) -> str:
    """The text of a child by its name in the API's namespace; empty where it has none."""
    return (element.findtext(f"{{*}}{name}") or "").strip()


def instant(text: str) -> datetime:
    """An xsd:dateTime with its zone, as an aware datetime. Raises SalesforceError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SalesforceError(MALFORMED_RESPONSE, f"{text!r} is no date and time") from error
    if moment.tzinfo is None:
        raise SalesforceError(MALFORMED_RESPONSE, f"{text!r} has no time zone")
    return moment


def _row_error(error: etree._Element) -> RowError:
    return RowError(
        code=text_in(error, "statusCode"),
        message=" ".join(text_in(error, "message").split()),
        fields=tuple(e.text for e in error.iterchildren("{*}fields") if e.text),
        duplicates=tuple(_matches(error)),
    )


def _matches(error: etree._Element) -> Iterator[str]:
    """The records that a DuplicateError names (SOAP API Developer Guide, "DuplicateResult")."""
    for record in error.iterfind("{*}duplicateResult/{*}matchResults/{*}matchRecords/{*}record"):
        if found := record.findtext("{*}Id"):
            yield normalise_id(found)
