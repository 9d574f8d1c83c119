"""Reading what changed in a window, or what is known by its ids: page by page, each row once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import structlog

from bridge.domain.crm import CrmRecord
from bridge.salesforce.client import SalesforceClient
from bridge.salesforce.faults import Remedy, SalesforceError
from bridge.salesforce.mapping import Mapping

log = structlog.get_logger(__name__)

_NO_ID = frozenset({"INVALID_QUERY_FILTER_OPERATOR", "MALFORMED_ID"})
IDS_OF_A_QUERY = 2_000  # a page at most, in less than half of the 100,000 characters of a query


class Position(NamedTuple):
    """The last row read: many rows can share one SystemModstamp, so its id counts too."""

    modified_at: datetime
    salesforce_id: str


def read_window(
    client: SalesforceClient, mapping: Mapping, *, since: datetime, until: datetime
) -> Iterator[list[CrmRecord]]:
    """Pages of the records modified in [since, until), deleted ones included, oldest first.

    N records cost ceil(N / page_size) calls. Raises SalesforceError.
    """
    return read_on(
        client,
        mapping,
        lambda last: window_query(mapping, since=since, until=until, after=last),
    )


def read_by_id(
    client: SalesforceClient, mapping: Mapping, salesforce_ids: Sequence[str]
) -> Iterator[list[CrmRecord]]:
    """Pages of the records of these ids, deleted ones included; nothing of what there is not.

    N ids cost ceil(N / page_size) calls. Raises SalesforceError.
    """
    for start in range(0, len(salesforce_ids), IDS_OF_A_QUERY):
        yield from _read_ids(client, mapping, salesforce_ids[start : start + IDS_OF_A_QUERY])


def _read_ids(
    client: SalesforceClient, mapping: Mapping, salesforce_ids: Sequence[str]
) -> Iterator[list[CrmRecord]]:
    """One id that Salesforce takes for none has the whole query refused: the others are read."""
    try:
        yield from read_on(client, mapping, partial(ids_query, mapping, salesforce_ids))
    except SalesforceError as error:
        if error.code not in _NO_ID:
            raise
        half = len(salesforce_ids) // 2
        if not half:
            log.warning("no id of Salesforce", sobject=mapping.sobject, id=salesforce_ids[0])
            return
        client.count_retry(error)
        for some in (salesforce_ids[:half], salesforce_ids[half:]):
            yield from _read_ids(client, mapping, some)


def read_on(
    client: SalesforceClient, mapping: Mapping, query: Callable[[Position | None], str]
) -> Iterator[list[CrmRecord]]:
    """Pages of an ordered query, by the SOQL for what lies behind a position.

    When the query locator dies on the way, the rest is asked for anew behind the last row read.
    Raises SalesforceError.
    """
    last: Position | None = None
    while True:
        begun_at = last
        try:
            for page in client.query_pages(query(last), include_deleted=True):
                records = [mapping.read(row) for row in page.rows]
                if records:
                    last = Position(records[-1].modified_at, records[-1].salesforce_id)
                    yield records
        except SalesforceError as error:
            if error.remedy is not Remedy.RESTART_QUERY or last == begun_at:
                raise
            client.count_retry(error)
        else:
            return


def window_query(
    mapping: Mapping, *, since: datetime, until: datetime, after: Position | None = None
) -> str:
    """The SOQL that reads a window, or what of it lies behind a position."""
    conditions = [f"SystemModstamp < {datetime_literal(until)}"]
    if after:
        stamp, last_id = datetime_literal(after.modified_at), after.salesforce_id
        conditions.append(
            f"((SystemModstamp = {stamp} AND Id > '{last_id}') OR SystemModstamp > {stamp})"
        )
    else:
        conditions.append(f"SystemModstamp >= {datetime_literal(since)}")
    fields, where = ", ".join(mapping.select()), " AND ".join(conditions)
    # Names come from a checked mapping, literals from this module: nothing here is outside text.
    return f"SELECT {fields} FROM {mapping.sobject} WHERE {where} ORDER BY SystemModstamp, Id"  # noqa: S608


def ids_query(
    mapping: Mapping, salesforce_ids: Sequence[str], after: Position | None = None
) -> str:
    """The SOQL that reads these records, or those of them that lie behind a position."""
    ids = ", ".join(f"'{one}'" for one in salesforce_ids)
    where = f"Id IN ({ids})" + (f" AND Id > '{after.salesforce_id}'" if after else "")
    # Names come from a checked mapping, and ids are letters and digits (salesforce_ids).
    return f"SELECT {', '.join(mapping.select())} FROM {mapping.sobject} WHERE {where} ORDER BY Id"  # noqa: S608


def datetime_literal(moment: datetime) -> str:
    """A SOQL dateTime literal in UTC, to the millisecond (finer parts are cut, as Salesforce does).

    Raises ValueError for a naive datetime. Source: SOQL and SOSL Reference, "Date Formats and Date
    Literals".
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
