"""Sending a batch of which one row may sink all: halved until the guilty row stands alone.

A call that fails as a whole names no row. Whether the rows or the call is to blame shows when one
row lands by itself; where none does, the error is the call's, and nobody's record is condemned.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from bridge.salesforce.budget import OverBudget
from bridge.salesforce.faults import UNEXPECTED_RESPONSE, LoginRefused, Remedy, SalesforceError
from bridge.salesforce.gate import CircuitOpen
from bridge.salesforce.results import RowError, RowResult

T = TypeVar("T")
Part = tuple[Sequence[T], list[RowResult]]
Send = Callable[[Sequence[T]], list[RowResult]]

_PROBES = 5  # rows that are sent alone, far apart, before the call is believed to be at fault
_TOO_SLOW = "REQUEST_RUNNING_TOO_LONG"


class BatchRefused(SalesforceError):
    """A call that Salesforce refused whatever its rows: what was not yielded was not sent."""


def send_in_parts(batch: Sequence[T], send: Send[T]) -> Iterator[Part[T]]:
    """Sends all rows, in as many calls as it takes; yields rows with their results, each once.

    A row that fails the call by itself gets the call's error as its result. Raises BatchRefused
    where no row could be sent at all, and any other SalesforceError that is not about rows.
    """
    results, error = _sent(batch, send)
    if error is None:
        yield batch, results
    elif error.remedy is Remedy.SHRINK or error.code == _TOO_SLOW:
        yield from _halved(batch, send, error)
    else:
        yield from _compared(batch, send, error)


def _compared(batch: Sequence[T], send: Send[T], error: SalesforceError) -> Iterator[Part[T]]:
    """Looks for a row that can be sent alone, to tell a bad row from a bad call."""
    alone: list[tuple[int, SalesforceError]] = []
    for place in _spread(len(batch)) if len(batch) > 1 else ():
        results, failure = _sent([batch[place]], send)
        if failure is None:
            yield [batch[place]], results
            for guilty, why in alone:
                yield [batch[guilty]], [_result_of(why)]
            seen = {place, *(guilty for guilty, _ in alone)}
            rest = [row for index, row in enumerate(batch) if index not in seen]
            yield from _each(rest, send)
            return
        alone.append((place, failure))
    raise BatchRefused(error.code, error.message)


def _each(rows: Sequence[T], send: Send[T]) -> Iterator[Part[T]]:
    if not rows:
        return
    results, error = _sent(rows, send)
    if error is None:
        yield rows, results
    else:
        yield from _halved(rows, send, error)


def _halved(rows: Sequence[T], send: Send[T], error: SalesforceError) -> Iterator[Part[T]]:
    if len(rows) == 1:
        yield rows, [_result_of(error)]
        return
    middle = len(rows) // 2
    yield from _each(rows[:middle], send)
    yield from _each(rows[middle:], send)


def _sent(rows: Sequence[T], send: Send[T]) -> tuple[list[RowResult], SalesforceError | None]:
    try:
        return send(rows), None
    except SalesforceError as error:
        if not _may_be_a_row(error):
            raise
        return [], error


def _may_be_a_row(error: SalesforceError) -> bool:
    """Whether what the rows hold may have failed the call: not where the org was not asked, does
    not let us in, or is not well.
    """
    if isinstance(error, LoginRefused | OverBudget | CircuitOpen):
        return False
    if error.remedy is Remedy.SHRINK or error.code == _TOO_SLOW:
        return True
    return error.remedy is Remedy.GIVE_UP and error.code != UNEXPECTED_RESPONSE


def _spread(count: int) -> list[int]:
    """Places far apart: neighbours are often bad together."""
    probes = min(_PROBES, count)
    return [count * index // probes for index in range(probes)]


def _result_of(error: SalesforceError) -> RowResult:
    remedy = Remedy.RETRY if error.remedy is Remedy.RETRY else Remedy.GIVE_UP
    return RowResult.refused(RowError(error.code, error.message), remedy=remedy)
