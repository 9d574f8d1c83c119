"""The tables. One class each; the words are DESIGN's."""

from bridge.store.models.audit import AuditEntry
from bridge.store.models.base import Base
from bridge.store.models.breaks import Break, BreakNote, BreakResolution, BreakStatus, Ruling
from bridge.store.models.callers import Call, Consumer, Credential, CredentialKind, Nonce
from bridge.store.models.heartbeat import Heartbeat
from bridge.store.models.links import LinkProposal, LinkStatus
from bridge.store.models.notifications import Notification, NotificationStatus
from bridge.store.models.outbox import Outbox, OutboxStatus
from bridge.store.models.records import Comparison, Record, Submission, Version
from bridge.store.models.runs import ControlTotal, ExplainedTotal, Org, Run, RunStatus
from bridge.store.models.snapshots import Snapshot, SnapshotMember, SnapshotStatus

__all__ = [
    "AuditEntry",
    "Base",
    "Break",
    "BreakNote",
    "BreakResolution",
    "BreakStatus",
    "Call",
    "Comparison",
    "Consumer",
    "ControlTotal",
    "Credential",
    "CredentialKind",
    "ExplainedTotal",
    "Heartbeat",
    "LinkProposal",
    "LinkStatus",
    "Nonce",
    "Notification",
    "NotificationStatus",
    "Org",
    "Outbox",
    "OutboxStatus",
    "Record",
    "Ruling",
    "Run",
    "RunStatus",
    "Snapshot",
    "SnapshotMember",
    "SnapshotStatus",
    "Submission",
    "Version",
]
