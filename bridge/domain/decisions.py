"""What a decision is made from, and what it may be: versions, corrections, breaks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.domain.records import RecordKey, System, Value, Values
from bridge.domain.rulings import Ruling


class BreakKind(StrEnum):
    """What kind of difference someone must close."""

    CONFLICT = "CONFLICT"  # both changed a field, and nobody may decide but a person
    CREATED_IN_BOTH = "CREATED_IN_BOTH"  # both came with a value, and never agreed on one
    DELETED_AND_EDITED = "DELETED_AND_EDITED"  # gone from one side, changed since on the other
    PERIOD_CLOSED = "PERIOD_CLOSED"  # what would be corrected, were the books still open
    STATUS_TRANSITION = "STATUS_TRANSITION"  # from a status to one that cannot follow it
    UNFIT_VALUE = "UNFIT_VALUE"  # the CRM's value would be refused by the ERP's contract
    MISSING_IN_CRM = "MISSING_IN_CRM"
    MERGED_IN_CRM = "MERGED_IN_CRM"  # two records of the ERP have become one in the CRM
    MISSING_IN_ERP = "MISSING_IN_ERP"
    LINK_SUGGESTED = "LINK_SUGGESTED"  # the CRM may have it already: a person says
    DUPLICATE_IN_CRM = "DUPLICATE_IN_CRM"  # the CRM takes the record for one that it has
    DUPLICATE_IN_ERP = "DUPLICATE_IN_ERP"  # the ERP seems to have sent it under two keys
    ROLL_FORWARD = "ROLL_FORWARD"  # an open amount that does not follow from what was paid
    KEY_MISMATCH = "KEY_MISMATCH"  # the CRM record's External ID is no longer its ERP key
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"  # waits until the customer is known on both sides


DELETED = "deleted"
"""What a break DELETED_AND_EDITED holds of the side that lacks the record."""


class Reason(StrEnum):
    """Why a correction carries a value."""

    NEW = "NEW"
    LINKED = "LINKED"  # the key, for a record that took a link: by a merge, or found as the same
    UNLINKED = "UNLINKED"  # the key, taken off a record that a person unlinked
    ERP_CHANGED = "ERP_CHANGED"
    CRM_CHANGED = "CRM_CHANGED"
    MIRRORED = "MIRRORED"
    SURVIVED = "SURVIVED"
    ONLY_VALUE = "ONLY_VALUE"
    RULED = "RULED"  # a person decided
    RECREATED = "RECREATED"  # a person decided that what was deleted is entered again


@dataclass(frozen=True, slots=True)
class Version:
    """What one system says of a record, when it last changed there, and whether it is gone.

    `partial`: values that are absent are not read yet; else they could not be read.
    """

    values: Values
    modified_at: datetime
    deleted: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """All that is known of one record.

    `crm_key` is the External ID's value as the CRM holds it; `customer_known` tells whether the
    customer that a document names can be referred to: sent by the ERP and not deleted in the CRM
    (always true for customers). `customer_in_crm` is the number under which the CRM holds that
    customer, where it was merged there. `key_pending` tells that the CRM's record took the link
    over from one that lost a merge; `merged_into` is the key of the record that won, where that
    has one of its own. `duplicates` are the CRM's ids of records that it takes this one for, and
    why it refused the last correction. `rulings` are what people decided: one per field at most,
    and one per kind of break of the whole record. `suggested` is the CRM's id of the record that
    it may be, where a person has not said yet; `unlinked` tells that a person took the link back
    and the CRM's record still carries the key.
    """

    key: RecordKey | None
    erp: Version | None = None
    crm: Version | None = None
    agreed: Values | None = None
    crm_key: str | None = None
    key_pending: bool = False
    merged_into: RecordKey | None = None
    customer_known: bool = True
    customer_in_crm: str | None = None
    duplicates: tuple[str, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    suggested: str | None = None
    unlinked: bool = False


@dataclass(frozen=True, slots=True)
class FieldCorrection:
    """A value on its way, and the one it replaces. `by` is the person who decided, if one did."""

    name: str
    old: Value | None
    new: Value | None
    reason: Reason
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A change of one record in one system."""

    target: System
    fields: tuple[FieldCorrection, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """A difference that someone must close. `field` is empty where the whole record is meant."""

    kind: BreakKind
    detail: str
    field: str = ""
    erp: Value | None = None
    crm: Value | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What has to happen to one record. `agreed` is the new last agreement, None if unchanged.

    `obeyed` are the rulings that held.
    """

    corrections: tuple[Correction, ...] = ()
    breaks: tuple[Break, ...] = ()
    agreed: Values | None = None
    obeyed: tuple[Ruling, ...] = ()
