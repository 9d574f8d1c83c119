"""What can go wrong, and the rule that says which calls it befalls."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What befalls a call."""

    LATENCY = "latency"  # the answer comes `seconds` later
    HTTP = "http"  # an HTTP `status` without an envelope; nothing was done
    FAULT = "fault"  # a SOAP fault with a `code`; nothing was done
    SESSION = "session"  # the session ends: INVALID_SESSION_ID, until the client logs in again
    LOCATOR = "locator"  # the query locator dies: INVALID_QUERY_LOCATOR
    ROW = "row"  # single rows are refused with a `code`; `share` is that of the rows
    LATE_COMMIT = "late-commit"  # rows are stamped now and seen `seconds` later
    RESET = "reset"  # the call is done, the connection reset in the middle of its answer
    LOST = "lost"  # the call is done, the connection closed without an answer


WRITES = ("create", "update", "upsert", "delete", "undelete", "merge", "emptyRecycleBin")
TOKEN = "token"  # noqa: S105  (the token endpoint, as an operation)
NOTIFICATIONS = "notifications"  # an outbound message, sent by the org itself
NEEDED: Mapping[Kind, str] = {
    Kind.LATENCY: "seconds",
    Kind.LATE_COMMIT: "seconds",
    Kind.FAULT: "code",
    Kind.ROW: "code",
    Kind.HTTP: "status",
}
DEFAULTS: Mapping[Kind, Mapping[str, object]] = {
    Kind.HTTP: {"status": 503},
    Kind.LATE_COMMIT: {"operations": list(WRITES)},
    Kind.LOCATOR: {"operations": ["queryMore"]},
    Kind.ROW: {"operations": list(WRITES), "code": "UNABLE_TO_LOCK_ROW"},
}


@dataclass(frozen=True, kw_only=True)
class FaultRule:
    """Which calls a fault befalls: a ``share`` of them, or those with the numbers in ``calls``.

    Calls are counted from 1 for each operation, since the rules were given.
    """

    kind: Kind
    share: float = 1.0
    calls: tuple[int, ...] = ()
    operations: tuple[str, ...] = ()  # all calls of the Partner API if empty
    seconds: float = 0.0
    status: int = 0
    code: str = ""
    message: str = ""

    def concerns(self, operation: str) -> bool:
        if self.operations:
            return operation in self.operations
        return operation not in {TOKEN, NOTIFICATIONS}
