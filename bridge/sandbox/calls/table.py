"""The table of operations, and what every call goes through."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bridge.sandbox.calls import deletes, describe, merges, reads, replication, users, writes
from bridge.sandbox.calls.context import Call
from bridge.sandbox.errors import ApiFault, HttpRefusal
from bridge.sandbox.faults import Fate
from bridge.sandbox.org import Org
from bridge.sandbox.soap.wire import PARTNER, Request, answer, unknown_operation
from bridge.sandbox.storage.sessions import check_session, close_session

OLDEST_VERSION = Decimal(21)
NEWEST_VERSION = Decimal(68)
_VERSION = re.compile(r"\d{2}\.0")

OPERATIONS: Mapping[str, Callable[[Call], str]] = {
    "create": writes.create,
    "delete": deletes.delete,
    "describeGlobal": describe.describe_global,
    "describeSObject": describe.describe_sobject,
    "describeSObjects": describe.describe_sobjects,
    "emptyRecycleBin": deletes.empty_recycle_bin,
    "getDeleted": replication.get_deleted,
    "getServerTimestamp": replication.get_server_timestamp,
    "getUpdated": replication.get_updated,
    "getUserInfo": users.get_user_info,
    "login": users.login,
    "logout": users.logout,
    "merge": merges.merge,
    "query": reads.query,
    "queryAll": reads.query_all,
    "queryMore": reads.query_more,
    "retrieve": reads.retrieve,
    "undelete": deletes.undelete,
    "update": writes.update,
    "upsert": writes.upsert,
}


@dataclass(frozen=True)
class Answer:
    """What an operation answered: the elements of its response, and the day's API calls so far."""

    operation: str
    result: str
    calls: int | None  # None for login, which is not counted
    limit: int

    def envelope(self) -> str:
        return answer(self.operation, self.result, calls=self.calls, limit=self.limit)


def perform(org: Org, request: Request, version: str, base_url: str, fate: Fate) -> Answer:
    """Answer a call. ``version`` is the path's, such as ``66.0``.

    Raises ApiFault, ClientFault, or HttpRefusal where ``fate`` says so.
    """
    suffer(org, fate)
    number = _checked_version(version)
    operation = OPERATIONS.get(request.operation)
    is_login = request.operation == "login"
    if operation is None or (is_login and number > users.LAST_LOGIN_VERSION):
        raise unknown_operation(f"{{{PARTNER}}}{request.operation}")
    limit = org.schema.organization.api_calls_per_day
    calls = None
    user_id = org.user_id
    if fate.ends_session:
        close_session(org, request.headers.session_id)
    if not is_login:
        user_id = check_session(org, request.headers.session_id)
        calls = _count_call(org, limit)
    if fate.refusal:
        raise fate.refusal
    result = operation(Call(org, request.body, request.headers, user_id, number, base_url, fate))
    return Answer(request.operation, result, calls, limit)


def suffer(org: Org, fate: Fate) -> None:
    """What befalls a call before anyone looks at it. Raises HttpRefusal."""
    org.pause(fate.latency_seconds)
    if fate.http_status:
        raise HttpRefusal(fate.http_status)


def _checked_version(version: str) -> Decimal:
    if _VERSION.fullmatch(version):
        number = Decimal(version)
        if OLDEST_VERSION <= number <= NEWEST_VERSION:
            return number
    raise ApiFault("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {version}")


def _count_call(org: Org, limit: int) -> int:
    calls = org.calls.add()
    if calls > limit:
        raise ApiFault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    return calls
