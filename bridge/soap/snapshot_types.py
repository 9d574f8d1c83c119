"""Contract v1: what BeginSnapshot and CloseSnapshot take and answer, as Spyne models."""

from spyne import Boolean, DateTime, Integer32, Unicode

from bridge.operations import snapshots
from bridge.soap.elements import (
    CURRENCY_CODE,
    SUM,
    complex_type,
    optional,
    required,
    simple_type,
)

SNAPSHOT_ID = simple_type(
    Unicode, "SnapshotId", "Names a snapshot; BeginSnapshot gives it.", max_len=80
)

TOTAL = complex_type(
    "Total",
    "The ERP's own sum over the records of a snapshot in one currency.",
    {
        "Currency": required(CURRENCY_CODE, "The currency, as an ISO 4217 code."),
        "Amount": required(SUM, "The sum of GrossAmount, or of a payment's Amount."),
    },
    python_type=snapshots.CurrencyTotal,
)

SNAPSHOT = complex_type(
    "Snapshot",
    "A snapshot that takes records: name it in the Submit operations, then close it.",
    {
        "SnapshotId": required(SNAPSHOT_ID, "What to name it by."),
        "BegunAt": required(DateTime, "When it was begun, in UTC."),
        "Superseded": optional(SNAPSHOT_ID, "An older one of the same that is ended by this one."),
    },
    python_type=snapshots.BegunSnapshot,
)

CLOSED_SNAPSHOT = complex_type(
    "ClosedSnapshot",
    "What a snapshot led to. The same close again gives it again.",
    {
        "SnapshotId": required(SNAPSHOT_ID, "The snapshot."),
        "Members": required(Integer32, "How many records were submitted in it."),
        "Gone": required(Integer32, "How many others were found to be gone from the ERP."),
        "ClosedAt": required(DateTime, "When it was closed, in UTC."),
        "Replayed": required(Boolean, "True if it had been closed before."),
    },
    python_type=snapshots.ClosedSnapshot,
)
