"""What a consumer's rights let through."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.records import RecordType
from bridge.operations.admission import (
    Admission,
    NotPermitted,
    TooManyCalls,
    require_company,
    require_network,
    require_permitted,
)
from bridge.operations.credentials import Consumer
from bridge.operations.rights import Rights, network_of


def consumer(**rights: Any) -> Consumer:
    return Consumer("erp", Rights(**rights))


def call(
    who: Consumer,
    operation: str = "Ping",
    address: str = "192.0.2.1",
    record_type: RecordType | None = None,
) -> None:
    require_network(who, address=address)
    require_permitted(who, operation=operation, record_type=record_type)


def is_let_through(who: Consumer, *about: Any) -> bool:
    try:
        call(who, *about)
    except NotPermitted:
        return False
    return True


# What is permitted


def test_without_rights_everything_is_permitted() -> None:
    """What is empty restricts nothing, an address that nobody knows included."""
    assert is_let_through(consumer(), "SubmitInvoices", "", RecordType.INVOICE)
    assert not is_let_through(consumer(networks=(network_of("192.0.2.0/24"),)), "Ping", "")
    require_company(frozenset(), "1000")


def test_an_operation_has_to_be_permitted() -> None:
    """Where any is named, no other may be called."""
    who = consumer(operations=frozenset({"Ping"}))
    call(who)
    with pytest.raises(NotPermitted, match="erp may not call GetReceipt"):
        call(who, "GetReceipt")


def test_a_record_type_has_to_be_permitted() -> None:
    """Calls that are about none are free."""
    who = consumer(record_types=frozenset({RecordType.CUSTOMER}))
    call(who)
    call(who, "SubmitCustomers", record_type=RecordType.CUSTOMER)
    with pytest.raises(NotPermitted, match="erp may not call FetchChanges for INVOICE"):
        call(who, "FetchChanges", record_type=RecordType.INVOICE)


def test_a_company_has_to_be_permitted() -> None:
    """Records without a company are free; codes differ in every letter."""
    permitted = frozenset({"1000", "de"})
    for free in ("1000", "de", ""):
        require_company(permitted, free)
    for other in ("2000", "DE", "1000 "):
        with pytest.raises(NotPermitted, match="may not see records of company"):
            require_company(permitted, other)


@pytest.mark.parametrize(
    ("network", "address", "within"),
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.0/24", "::ffff:192.0.2.1", True),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "[2001:db8::1]", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("0.0.0.0/0", "", False),
        ("0.0.0.0/0", "unknown", False),
        ("0.0.0.0/0", "192.0.2.1, 10.0.0.1", False),
    ],
)
def test_an_address_has_to_be_in_a_network(network: str, address: str, within: bool) -> None:
    """Of either family; what is no address is in none."""
    who = consumer(networks=(network_of("198.51.100.0/24"), network_of(network)))
    if within:
        call(who, address=address)
    else:
        with pytest.raises(NotPermitted, match="erp may not call from the address"):
            call(who, address=address)


# How many calls


def admitted(admission: Admission, who: Consumer, at: float) -> bool:
    try:
        with admission.admit(who, at=at):
            return True
    except TooManyCalls:
        return False


def test_calls_of_a_minute_are_counted() -> None:
    """As many as the rights say start in any 60 seconds, and the answer says when to come again."""
    admission, who = Admission(), consumer(calls_per_minute=3)
    assert [admitted(admission, who, at) for at in (0, 10, 20, 30)] == [True, True, True, False]
    with pytest.raises(TooManyCalls, match="erp may make 3 calls a minute") as refused:
        admission.admit(who, at=30.5).__enter__()
    assert refused.value.retry_after_seconds == 30
    assert [admitted(admission, who, at) for at in (59.9, 60, 69.9, 70)] == [
        False,
        True,
        False,
        True,
    ]


@given(st.integers(1, 6), st.lists(st.floats(0, 20), min_size=1, max_size=60), st.integers(1, 3))
def test_no_minute_has_more_calls_than_permitted(
    limit: int, pauses: list[float], workers: int
) -> None:
    """Whatever the rhythm, and none is refused that might start."""
    admission, who = Admission(workers), consumer(calls_per_minute=limit)
    share = -(-limit // workers)
    started: list[float] = []
    for at in itertools.accumulate(pauses, initial=1_000.0):
        if admitted(admission, who, at):
            started.append(at)
        else:
            assert len([one for one in started if one > at - 60]) == share
    for one in started:
        assert len([other for other in started if one <= other < one + 60]) <= share


def test_whoever_waits_as_told_is_let_through() -> None:
    """Not a second too early."""
    admission, who = Admission(), consumer(calls_per_minute=1)
    assert admitted(admission, who, 0.3)
    with pytest.raises(TooManyCalls) as refused:
        admission.admit(who, at=10).__enter__()
    assert admitted(admission, who, 10 + refused.value.retry_after_seconds)


def test_a_clock_that_goes_back_lets_nobody_pass() -> None:
    """Threads may come out of order; what was counted stays counted."""
    admission, who = Admission(), consumer(calls_per_minute=2)
    assert [admitted(admission, who, at) for at in (100, 99.9, 99.8, 100.1)] == [
        True,
        True,
        False,
        False,
    ]
    assert admitted(admission, who, 160)


def test_calls_at_once_are_counted() -> None:
    """A call that ended makes room, whatever its end was."""
    admission, who = Admission(), consumer(calls_at_once=2)
    with ExitStack() as running:
        for _ in range(2):
            running.enter_context(admission.admit(who, at=0))
        with pytest.raises(TooManyCalls, match="erp may make 2 calls at once") as refused:
            admission.admit(who, at=0).__enter__()
        assert refused.value.retry_after_seconds == 1
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), admission.admit(who, at=0):
            raise ZeroDivisionError
    assert admitted(admission, who, 0)


def test_a_refused_call_takes_no_place() -> None:
    """Neither among those at once, nor among those of the minute."""
    admission, who = Admission(), consumer(calls_at_once=1, calls_per_minute=2)
    with admission.admit(who, at=0):
        assert [admitted(admission, who, 0) for _ in range(5)] == [False] * 5
    assert [admitted(admission, who, 0) for _ in range(2)] == [True, False]


def test_each_consumer_has_its_own_count() -> None:
    """A busy one hinders no other."""
    admission = Admission()
    who, other = consumer(calls_per_minute=1), Consumer("other", Rights(calls_per_minute=1))
    assert admitted(admission, who, 0)
    assert not admitted(admission, who, 0)
    assert admitted(admission, other, 0)


def test_changed_rights_are_heeded_at_once() -> None:
    """What was counted before counts."""
    admission = Admission()
    assert [admitted(admission, consumer(calls_per_minute=9), 0) for _ in range(3)] == [True] * 3
    assert not admitted(admission, consumer(calls_per_minute=3), 1)
    assert admitted(admission, consumer(calls_per_minute=4), 1)
    assert admitted(admission, consumer(), 1)


@pytest.mark.parametrize(("limit", "workers", "share"), [(10, 1, 10), (10, 3, 4), (1, 4, 1)])
def test_limits_are_shared_out_among_workers(limit: int, workers: int, share: int) -> None:
    """Rounded up, so that each lets someone through."""
    who = consumer(calls_per_minute=limit)
    admission = Admission(workers)
    assert sum(admitted(admission, who, 0) for _ in range(20)) == share


def test_threads_share_one_count() -> None:
    """Of forty calls at the same time, as many as permitted."""
    admission, who = Admission(), consumer(calls_at_once=5, calls_per_minute=30)
    start, ends = Barrier(40), Barrier(40)

    def one(_: int) -> bool:
        start.wait()
        with ExitStack() as running:
            try:
                running.enter_context(admission.admit(who, at=0))
            except TooManyCalls:
                return False
            else:
                return True
            finally:
                ends.wait()

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(one, range(40))) == 5
