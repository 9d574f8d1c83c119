"""A record as it was read from Salesforce, and Salesforce's word that one changed."""

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.records import Value


@dataclass(frozen=True, slots=True)
class UnreadableValue:
    """A value in Salesforce that the canonical field cannot hold. It stays unread, and is told."""

    salesforce_id: str
    erp_key: str | None
    field: str
    path: str
    text: str
    reason: str
    place: str

    def __str__(self) -> str:
        of = f"{self.erp_key} ({self.salesforce_id})" if self.erp_key else self.salesforce_id
        return f"{self.path} of {of}: {self.text!r} {self.reason} [{self.field}, {self.place}]"


@dataclass(frozen=True, slots=True)
class CrmRecord:
    """What Salesforce says of a record.

    `values` lacks the fields that could not be read (see `problems`) or were not selected.
    """

    salesforce_id: str  # 18 characters
    erp_key: str | None  # the external id; None where Salesforce alone knows the record
    deleted: bool
    modified_at: datetime  # SystemModstamp, UTC
    master_record_id: str | None  # the winner, where the record lost a merge
    values: dict[str, Value | None]
    problems: tuple[UnreadableValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Notification:
    """Salesforce's word that a record was created or changed; how, is to be read from there."""

    id: str  # 18 characters; the same each time that it is repeated
    sobject: str  # the kind of record, by its API name
    salesforce_id: str  # the record's, 18 characters
