"""Reading all that there is of a kind of record: in parts by id, side by side.

Ids grow with the records' age, digit by digit in base 62 (Salesforce's own "PK chunking" lives by
it), so that a span of ids cuts into parts by itself. The parts may be of uneven size.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from string import ascii_lowercase, ascii_uppercase, digits
from threading import Event, Semaphore
from typing import NamedTuple, TypeVar

from bridge.domain.crm import CrmRecord
from bridge.domain.salesforce_ids import normalise_id
from bridge.salesforce.client import SalesforceClient
from bridge.salesforce.mapping import Mapping
from bridge.salesforce.windows import Position, read_on

T = TypeVar("T")

_DIGITS = digits + ascii_uppercase + ascii_lowercase
_PREFIX = 3  # characters that name the kind of record
_LENGTH = 15  # characters that count; the rest is a checksum


class Span(NamedTuple):
    """Ids behind one, up to another; None: without end."""

    after: str | None = None
    up_to: str | None = None


def read_everything(client: SalesforceClient, mapping: Mapping) -> Iterator[list[CrmRecord]]:
    """Pages of all records, deleted ones included.

    N records cost ceil(N / page_size) calls; where they are read side by side, one more, and up to
    one for each part (`full_read_at_once`). Raises SalesforceError.
    """
    first = next(client.query_pages(span_query(mapping, Span()), include_deleted=True))
    records = [mapping.read(row) for row in first.rows]
    if records:
        yield records
    if first.locator is None:
        return
    rest = Span(after=records[-1].salesforce_id)
    pages_left = math.ceil((first.size - len(records)) / len(records))
    parts = min(client.settings.full_read_at_once, pages_left)
    spans = _cut(rest, _last_id(client, mapping), parts) if parts > 1 else [rest]
    yield from side_by_side([_read_span(client, mapping, span) for span in spans])


def span_query(mapping: Mapping, span: Span) -> str:
    """The SOQL that reads a span of ids."""
    conditions = []
    if span.after:
        conditions.append(f"Id > '{span.after}'")
    if span.up_to:
        conditions.append(f"Id <= '{span.up_to}'")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    # Names come from a checked mapping, ids from Salesforce and checked too.
    return f"SELECT {', '.join(mapping.select())} FROM {mapping.sobject}{where} ORDER BY Id"  # noqa: S608


def side_by_side(readers: Sequence[Iterator[T]]) -> Iterator[T]:
    """What several iterators give, as it comes: each lives in a thread, and none runs far ahead.

    An error of one ends all, and is raised.
    """
    told: SimpleQueue[T | _End] = SimpleQueue()
    room, stopped = Semaphore(len(readers)), Event()

    def run(reader: Iterator[T]) -> None:
        error: BaseException | None = None
        try:
            for item in reader:
                room.acquire()
                if stopped.is_set():
                    break
                told.put(item)
        except BaseException as raised:
            error = raised
        told.put(_End(error))

    with ThreadPoolExecutor(len(readers), thread_name_prefix="reading") as threads:
        for reader in readers:
            threads.submit(copy_context().run, run, reader)
        try:
            yield from _until_all_ended(told, room, len(readers))
        finally:
            stopped.set()
            room.release(len(readers))


class _End(NamedTuple):
    """A reader has come to its end, or to grief."""

    error: BaseException | None


def _until_all_ended(told: "SimpleQueue[T | _End]", room: Semaphore, running: int) -> Iterator[T]:
    while running:
        item = told.get()
        if not isinstance(item, _End):
            yield item
            room.release()
        elif item.error is not None:
            raise item.error
        else:
            running -= 1


def _read_span(client: SalesforceClient, mapping: Mapping, span: Span) -> Iterator[list[CrmRecord]]:
    def query(last: Position | None) -> str:
        return span_query(
            mapping, span if last is None else span._replace(after=last.salesforce_id)
        )

    return read_on(client, mapping, query)


def _last_id(client: SalesforceClient, mapping: Mapping) -> str | None:
    soql = f"SELECT Id FROM {mapping.sobject} ORDER BY Id DESC LIMIT 1"  # noqa: S608
    rows = next(client.query_pages(soql, include_deleted=True)).rows
    return normalise_id(str(rows[0].id)) if rows else None


def _cut(span: Span, last: str | None, parts: int) -> list[Span]:
    """So many spans that begin and end where it does; one where there is nothing to cut."""
    if span.after is None or last is None or last[:_PREFIX] != span.after[:_PREFIX]:
        return [span]
    begin, end = _number(span.after), _number(last)
    inner = sorted({begin + (end - begin) * part // parts for part in range(1, parts)} - {begin})
    bounds = [span.after, *(_id(last[:_PREFIX], number) for number in inner), span.up_to]
    return [Span(bounds[place], bounds[place + 1]) for place in range(len(bounds) - 1)]


def _number(salesforce_id: str) -> int:
    value = 0
    for char in salesforce_id[_PREFIX:_LENGTH]:
        value = value * len(_DIGITS) + _DIGITS.index(char)
    return value


def _id(prefix: str, number: int) -> str:
    chars = []
    for _ in range(_LENGTH - _PREFIX):
        number, digit = divmod(number, len(_DIGITS))
        chars.append(_DIGITS[digit])
    return normalise_id(prefix + "".join(reversed(chars)))
