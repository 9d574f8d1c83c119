"""The client: a method for each operation of the Partner API that the bridge calls."""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

from bridge.domain.salesforce_ids import normalise_id
from bridge.salesforce.binding import Argument
from bridge.salesforce.budget import Calls, Meter
from bridge.salesforce.calling import Caller, Connection
from bridge.salesforce.descriptions import Schema, SObjectDescription
from bridge.salesforce.faults import MALFORMED_RESPONSE, SalesforceError
from bridge.salesforce.pages import Page, SObject, decode_sobject
from bridge.salesforce.results import ChangedIds, RowResult, UserInfo, instant, text_in
from bridge.salesforce.settings import SalesforceSettings
from bridge.salesforce.surroundings import REAL, Surroundings
from bridge.salesforce.wire import ApiLimit

RETRIEVE_LIMIT = 2000  # ids a retrieve() call may name
DESCRIBE_LIMIT = 100  # kinds of sObject a describeSObjects() call may name

_PASSING = {
    # two upserts of one new key met: the loser tries again
    "upsert": frozenset({"DUPLICATE_VALUE"}),
    # deleted since it was read: perhaps it comes back, and if not, the next reading tells
    "update": frozenset({"ENTITY_IS_DELETED"}),
}


class SalesforceClient:
    """Salesforce over the Partner API. Threads may share one.

    Every method raises SalesforceError, after as many attempts as the settings allow where trying
    again may help.
    """

    def __init__(
        self,
        settings: SalesforceSettings,
        surroundings: Surroundings = REAL,
        *,
        connection: Connection | None = None,
    ) -> None:
        self.settings = settings
        self._connection = connection or Connection(settings, surroundings)
        self._meter = Meter(settings, self._connection.usage)
        self._caller = Caller(self._connection, self._meter)
        self._call = self._caller.call

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections. The session stays: clients of one user may share it."""
        self._connection.wire.close()

    def for_run(self) -> "SalesforceClient":
        """A client for one run: it counts its own calls, and shares all else with this one."""
        return SalesforceClient(self.settings, connection=self._connection)

    @property
    def calls(self) -> Calls:
        """SOAP calls sent so far, repeated ones included."""
        return self._meter.calls

    @property
    def retries(self) -> dict[str, int]:
        """How often an error of each code led to another attempt."""
        return self._meter.retries

    def count_retry(self, error: SalesforceError) -> None:
        """Counts another attempt that a caller of this client makes by itself."""
        self._meter.retried(error.code)

    @property
    def limit(self) -> ApiLimit | None:
        """The org's API usage as the last answer stated it."""
        return self._connection.usage.limit

    @property
    def instance(self) -> str:
        """Where the org lives, such as https://mycompany.my.salesforce.com; logs in to know."""
        parts = urlsplit(self._caller.session().endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def organization_id(self) -> str:
        """The org, 18 characters; costs a call where the login did not tell."""
        told = self._caller.session().organization_id
        return told or normalise_id(self.user_info().organization_id)

    def server_timestamp(self) -> datetime:
        """Salesforce's clock, in UTC."""
        result = self._call("getServerTimestamp").result()
        return instant(text_in(result, "timestamp")).astimezone(UTC)

    def user_info(self) -> UserInfo:
        """Whose session it is, and in which org."""
        return UserInfo.decode(self._call("getUserInfo").result())

    def query_pages(self, soql: str, *, include_deleted: bool = False) -> Iterator[Page]:
        """The pages of a query, each fetched when asked for.

        A locator that died raises SalesforceError with Remedy.RESTART_QUERY: see windows.py. So
        does a query that ends before all the rows that it promised have come, as an error: what is
        missing would never be read.
        """
        page = self._page("queryAll" if include_deleted else "query", {"queryString": soql})
        promised, read = page.size, 0
        while True:
            read += len(page.rows)
            yield page
            if page.locator is None:
                break
            before, page = page, self._page("queryMore", {"queryLocator": page.locator})
            if page.locator == before.locator:
                raise SalesforceError(MALFORMED_RESPONSE, "a query goes on without end")
        if read < promised:
            raise SalesforceError(
                MALFORMED_RESPONSE, f"a query promised {promised} rows and gave {read}"
            )

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

    def schema(self, names: Sequence[str]) -> Schema:
        """As `describe`, from memory where that is no older than `describe_max_age_seconds`."""
        known = self._connection.descriptions.known(names)
        if known is None:
            known = self.describe(names)
            self._connection.descriptions.keep(names, known)
        return known

    def forget_schema(self) -> None:
        """Has the next `schema` ask again."""
        self._connection.descriptions.forget()

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
        passing = _PASSING.get(operation, frozenset())
        results = [RowResult.decode(e, passing=passing) for e in answer.results()]
        if len(results) != len(rows):
            raise SalesforceError(
                MALFORMED_RESPONSE, f"{len(results)} results for {len(rows)} rows of {operation}"
            )
        return results


def _refuse_more_than(limit: int, items: Sequence[object]) -> None:
    if len(items) > limit:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"{len(items)} in one call, {limit} at most")


def _span(sobject_type: str, since: datetime, until: datetime) -> dict[str, Argument]:
    return {
        "sObjectType": sobject_type,
        "startDate": since.astimezone(UTC).isoformat(),
        "endDate": until.astimezone(UTC).isoformat(),
    }
