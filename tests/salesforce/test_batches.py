"""A batch of which one row may sink all."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.salesforce import (
    BatchRefused,
    LoginRefused,
    Remedy,
    RowError,
    RowResult,
    SalesforceError,
    send_in_parts,
)

LANDED = RowResult(success=True, id=None, created=False, errors=(), remedy=None)


class Org:
    """Takes rows unless a call holds a bad one, is too large, or whatever it holds."""

    def __init__(
        self, bad: Sequence[int] = (), *, most: int = 200, refusal: str = "UNKNOWN_EXCEPTION"
    ) -> None:
        self.bad, self.most, self.refusal = set(bad), most, refusal
        self.calls: list[list[int]] = []
        self.landed: list[int] = []

    def __call__(self, rows: Sequence[int]) -> list[RowResult]:
        self.calls.append(list(rows))
        if len(rows) > self.most:
            raise SalesforceError("EXCEEDED_MAX_SIZE_REQUEST", "too large")
        if self.bad & set(rows):
            raise SalesforceError(self.refusal, "something in there")
        self.landed += rows
        return [LANDED] * len(rows)


def outcome(org: Org, count: int) -> dict[int, RowResult]:
    """The result of each row, which comes once."""
    found: dict[int, RowResult] = {}
    for rows, results in send_in_parts(list(range(count)), org):
        for row, result in zip(rows, results, strict=True):
            assert row not in found
            found[row] = result
    return found


def test_a_good_batch_is_one_call() -> None:
    """Nothing is tried that need not be."""
    org = Org()
    assert outcome(org, 200) == dict.fromkeys(range(200), LANDED)
    assert len(org.calls) == 1


@pytest.mark.parametrize("guilty", [0, 1, 99, 160, 199])
def test_the_guilty_row_stands_alone(guilty: int) -> None:
    """In about twice as many calls as the batch can be halved; the others land, each once."""
    org = Org([guilty])
    found = outcome(org, 200)
    assert [row for row, result in found.items() if not result.success] == [guilty]
    assert found[guilty] == RowResult.refused(RowError("UNKNOWN_EXCEPTION", "something in there"))
    assert sorted(org.landed) == [row for row in range(200) if row != guilty]
    assert len(org.calls) <= 20


@given(st.sets(st.integers(0, 39), max_size=40), st.integers(1, 40))
def test_whatever_rows_are_bad(bad: set[int], most: int) -> None:
    """Every row is judged once and none lands twice; or, where none could be sent, none is."""
    org = Org(sorted(bad), most=most)
    found: dict[int, RowResult] = {}
    with suppress(BatchRefused):
        found = outcome(org, 40)
    assert len(org.landed) == len(set(org.landed))
    if found:
        assert sorted(found) == list(range(40))
        assert {row for row, result in found.items() if not result.success} == bad
    else:
        assert org.landed == []
        assert bad


def test_neighbours_that_are_all_bad_are_told_from_a_bad_call() -> None:
    """Rows far apart are tried, so that one bad file in the batch does not look like the org."""
    org = Org(range(120))
    found = outcome(org, 200)
    assert sum(result.success for result in found.values()) == 80


@pytest.mark.parametrize("count", [1, 2, 5, 200])
def test_a_call_that_fails_whatever_its_rows_condemns_none(count: int) -> None:
    """After a handful of calls the error is taken for the call's."""
    org = Org(range(count), refusal="INSUFFICIENT_ACCESS")
    with pytest.raises(BatchRefused, match="INSUFFICIENT_ACCESS"):
        outcome(org, count)
    assert len(org.calls) <= 6


def test_a_batch_that_is_too_large_is_halved_at_once() -> None:
    """Salesforce says what is wrong: nobody has to be compared."""
    org = Org(most=60)
    assert all(result.success for result in outcome(org, 200).values())
    assert [len(call) for call in org.calls] == [200, 100, 50, 50, 100, 50, 50]


def test_a_row_that_is_too_large_by_itself_is_refused() -> None:
    """There is nothing left to halve."""
    found = outcome(Org(most=0), 2)
    assert [result.errors[0].code for result in found.values()] == ["EXCEEDED_MAX_SIZE_REQUEST"] * 2


def test_a_row_that_takes_too_long_is_tried_again_later() -> None:
    """By itself it may do better another time."""
    found = outcome(Org([3], refusal="REQUEST_RUNNING_TOO_LONG"), 8)
    assert [row for row, result in found.items() if result.remedy is Remedy.RETRY] == [3]


@pytest.mark.parametrize(
    "error",
    [
        SalesforceError("UNREACHABLE", "no route"),
        SalesforceError("SERVER_UNAVAILABLE", "later"),
        SalesforceError("UNEXPECTED_RESPONSE", "HTTP 403"),
        LoginRefused("invalid_client", "wrong"),
    ],
)
def test_what_is_not_about_rows_is_raised(error: SalesforceError) -> None:
    """At once, and as it is; what landed before has been told."""

    def failing_from(call: int) -> Callable[[Sequence[int]], list[RowResult]]:
        org = Org(most=2)

        def send(rows: Sequence[int]) -> list[RowResult]:
            if len(org.calls) >= call:
                raise error
            return org(rows)

        return send

    with pytest.raises(type(error), match=error.code):
        list(send_in_parts([1, 2, 3, 4], failing_from(0)))
    parts = send_in_parts([1, 2, 3, 4], failing_from(2))
    assert next(iter(parts))[0] == [1, 2]
    with pytest.raises(type(error), match=error.code):
        next(iter(parts))
