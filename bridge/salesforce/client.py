"""The client: sessions, retries, paging, counting. Every call to Salesforce goes through here."""

import time
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from random import random as random_fraction
from threading import Lock
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import structlog

from bridge.salesforce.descriptions import SObjectDescription
from bridge.salesforce.faults import (
    MALFORMED_RESPONSE,
    UNCERTAIN,
    Remedy,
    SalesforceError,
)
from bridge.salesforce.pages import Page, SObject, decode_sobject
from bridge.salesforce.results import (
    ChangedIds,
    RowResult,
    UserInfo,
    instant,
    text_in,
)
from bridge.salesforce.session import Session, Sessions
from bridge.salesforce.settings import SalesforceSettings
from bridge.salesforce.wire import Answer, ApiLimit, Argument, Wire

RETRIEVE_LIMIT = 2000  # ids a retrieve() call may name
DESCRIBE_LIMIT = 100  # kinds of sObject a describeSObjects() call may name

_QUERIES = ("query", "queryAll", "queryMore")
_WRITES = ("create", "update", "upsert", "delete")
_RACED = frozenset({"DUPLICATE_VALUE"})  # two upserts of one new key met: the loser tries again

log = structlog.get_logger(__name__)


class Calls(NamedTuple):
    """SOAP calls sent, by kind: each costs one of the org's daily API calls (logins do not)."""

    queries: int = 0  # queryMore included
    upserts: int = 0
    other: int = 0

    def since(self, earlier: "Calls") -> "Calls":
        """The calls made between two readings."""
        return Calls(*(now - then for now, then in zip(self, earlier, strict=True)))


class SalesforceClient:
    """Salesforce over the Partner API. Threads may share one.

    Every method raises SalesforceError, after as many attempts as the settings allow where trying
    again may help. `sleep`, `random` (0 up to 1) and `now` are the clock and chance it lives by.
    """

    def __init__(
        self,
        settings: SalesforceSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_fraction,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self._sleep = sleep
        self._random = random
        self._wire = Wire(settings)
        self._sessions = Sessions(settings, self._wire, now)
        self._lock = Lock()
        self._calls = Calls()
        self._limit: ApiLimit | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections. The session stays: clients of one user may share it."""
        self._wire.close()

    @property
    def calls(self) -> Calls:
        """SOAP calls sent so far, repeated ones included."""
        return self._calls

    @property
    def limit(self) -> ApiLimit | None:
        """The org's API usage as the last answer stated it."""
        return self._limit

    @property
    def instance(self) -> str:
        """Where the org lives, such as https://mycompany.my.salesforce.com; logs in to know."""
        parts = urlsplit(self._sessions.current().endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def server_timestamp(self) -> datetime:
        """Salesforce's clock, in UTC."""
        result = self._call("getServerTimestamp").result()
        return instant(text_in(result, "timestamp")).astimezone(UTC)

    def user_info(self) -> UserInfo:
        """Whose session it is, and in which org."""
        return UserInfo.decode(self._call("getUserInfo").result())

    def query_pages(self, soql: str, *, include_deleted: bool = False) -> Iterator[Page]:
        """The pages of a query, each fetched when asked for.

        A locator that died raises SalesforceError with Remedy.RESTART_QUERY: see windows.py.
        """
        operation = "queryAll" if include_deleted else "query"
        page = self._page(operation, {"queryString": soql})
        yield page
        while page.locator:
            page = self._page("queryMore", {"queryLocator": page.locator})
            yield page

    def retrieve(
        self, sobject_type: str, fields: Sequence[str], ids: Sequence[str]
    ) -> list[SObject | None]:
        """Up to 2,000 records by id, in the ids' order; None where there is no such record."""
        if not ids:
            return []
        _refuse_more_than(RETRIEVE_LIMIT, ids)
        answer = self._call(
            "retrieve", {"fieldList": ",".join(fields), "sObjectType": sobject_type, "ids": ids}
        )
        return [decode_sobject(e) if len(e) else None for e in answer.results()]

    def create(self, rows: Sequence[SObject]) -> list[RowResult]:
        """Creates records. Not repeated where it is unknown whether Salesforce created them."""
        return self._write("create", rows)

    def update(self, rows: Sequence[SObject]) -> list[RowResult]:
        """Updates records by id."""
        return self._write("update", rows)

    def upsert(
        self, sobject_type: str, external_id_field: str, rows: Sequence[SObject]
    ) -> list[RowResult]:
        """Creates or updates records by external id; one result per row, in the rows' order.

        At most `batch_size` rows of one type, and no external id twice.
        """
        for row in rows:
            if row.type != sobject_type:
                raise ValueError(f"a row of {row.type} among rows of {sobject_type}")
        return self._write("upsert", rows, {"externalIDFieldName": external_id_field})

    def delete(self, ids: Sequence[str]) -> list[RowResult]:
        """Moves records to the recycle bin."""
        return self._write("delete", ids)

    def describe(self, names: Sequence[str]) -> dict[str, SObjectDescription]:
        """What Salesforce says of up to 100 kinds of sObject; those it does not know are left out.

        One call, and one for each name where one of them is not known.
        """
        if not names:
            return {}
        _refuse_more_than(DESCRIBE_LIMIT, names)
        try:
            answer = self._call("describeSObjects", {"sObjectType": names})
        except SalesforceError as error:
            if error.code != "INVALID_TYPE":
                raise
            each = [self.describe([name]) for name in names] if len(names) > 1 else []
            return dict(ChainMap(*each))
        descriptions = [SObjectDescription.decode(result) for result in answer.results()]
        return {description.name: description for description in descriptions}

    def updated_ids(self, sobject_type: str, since: datetime, until: datetime) -> ChangedIds:
        """Ids created or updated in the span (30 days back at most)."""
        result = self._call("getUpdated", _span(sobject_type, since, until)).result()
        ids = tuple(e.text for e in result.iterfind("{*}ids") if e.text)
        return ChangedIds(ids, instant(text_in(result, "latestDateCovered")).astimezone(UTC))

    def deleted_ids(self, sobject_type: str, since: datetime, until: datetime) -> ChangedIds:
        """Ids deleted in the span (15 days back at most)."""
        result = self._call("getDeleted", _span(sobject_type, since, until)).result()
        ids = tuple(e.text for e in result.iterfind("{*}deletedRecords/{*}id") if e.text)
        return ChangedIds(ids, instant(text_in(result, "latestDateCovered")).astimezone(UTC))

    def _page(self, operation: str, arguments: Mapping[str, Argument]) -> Page:
        return Page.decode(self._call(operation, arguments).result())

    def _write(
        self,
        operation: str,
        rows: Sequence[SObject] | Sequence[str],
        arguments: Mapping[str, Argument] | None = None,
    ) -> list[RowResult]:
        if not rows:
            return []
        _refuse_more_than(self.settings.batch_size, rows)
        name = "ids" if operation == "delete" else "sObjects"
        answer = self._call(operation, {**(arguments or {}), name: rows})
        passing = _RACED if operation == "upsert" else frozenset()
        results = [RowResult.decode(e, passing=passing) for e in answer.results()]
        if len(results) != len(rows):
            raise SalesforceError(
                MALFORMED_RESPONSE, f"{len(results)} results for {len(rows)} rows of {operation}"
            )
        return results

    def _call(self, operation: str, arguments: Mapping[str, Argument] | None = None) -> Answer:
        """Calls, and calls again: after a pause, or with a new session, as the error demands."""
        logged_in_again = False
        attempt = 1
        while True:
            session = None
            try:
                session = self._sessions.current()
                return self._call_once(session, operation, arguments or {})
            except SalesforceError as error:
                if session and error.remedy is Remedy.LOGIN and not logged_in_again:
                    self._sessions.discard(session)
                    logged_in_again = True
                    continue
                if attempt >= self.settings.attempts or not _may_repeat(operation, error):
                    raise
                self._sleep(self._pause(attempt))
                attempt += 1

    def _call_once(
        self, session: Session, operation: str, arguments: Mapping[str, Argument]
    ) -> Answer:
        headers = self._headers(session, operation)
        started = time.perf_counter()
        call_log = log.bind(operation=operation)
        self._count(operation)
        try:
            answer = self._wire.send(session.endpoint, operation, headers, arguments)
        except SalesforceError as error:
            call_log.warning(
                "salesforce_call_failed",
                code=error.code,
                reason=error.message,
                remedy=error.remedy,
                duration_seconds=round(time.perf_counter() - started, 3),
            )
            raise
        self._limit = answer.limit or self._limit
        call_log.info(
            "salesforce_call",
            rows=answer.row_count(),
            duration_seconds=round(time.perf_counter() - started, 3),
            api_calls=self._limit and self._limit.current,
            api_limit=self._limit and self._limit.limit,
        )
        return answer

    def _headers(self, session: Session, operation: str) -> dict[str, dict[str, str]]:
        headers = {"SessionHeader": {"sessionId": session.session_id}}
        if operation in _QUERIES:
            headers["QueryOptions"] = {"batchSize": str(self.settings.page_size)}
        if operation in _WRITES:
            headers["AllOrNoneHeader"] = {"allOrNone": "false"}
        if operation in _WRITES and self.settings.save_despite_duplicate_rules:
            headers["DuplicateRuleHeader"] = {
                "allowSave": "true",
                "includeRecordDetails": "false",
                "runAsCurrentUser": "false",
            }
        return headers

    def _count(self, operation: str) -> None:
        with self._lock:
            queries, upserts, other = self._calls
            if operation in _QUERIES:
                queries += 1
            elif operation == "upsert":
                upserts += 1
            else:
                other += 1
            self._calls = Calls(queries, upserts, other)

    def _pause(self, attempt: int) -> float:
        """Seconds before the next attempt: doubling, capped, and at random up to half shorter."""
        ceiling = self.settings.backoff_first_seconds * 2.0 ** (attempt - 1)
        return min(ceiling, self.settings.backoff_max_seconds) * (1 - self._random() / 2)


def _may_repeat(operation: str, error: SalesforceError) -> bool:
    """Whether the same call again is safe and may help. A second create() may create twice."""
    if operation == "create" and error.code in UNCERTAIN:
        return False
    return error.remedy is Remedy.RETRY


def _refuse_more_than(limit: int, items: Sequence[object]) -> None:
    if len(items) > limit:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"{len(items)} in one call, {limit} at most")


def _span(sobject_type: str, since: datetime, until: datetime) -> dict[str, Argument]:
    return {
        "sObjectType": sobject_type,
        "startDate": since.astimezone(UTC).isoformat(),
        "endDate": until.astimezone(UTC).isoformat(),
    }
