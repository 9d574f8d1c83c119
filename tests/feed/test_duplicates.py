"""Duplicates across a whole file."""

from collections.abc import Iterator
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.records import Customer, CustomerStatus, RecordKey, RecordType
from bridge.feed.duplicates import Duplicate, Duplicates
from bridge.feed.reading import BAD_ROW, Fault, ReadRow
from bridge.feed.source import Row


def row(line: int, number: str, name: str) -> ReadRow:
    customer = Customer(number=number, name=name, status=CustomerStatus.ACTIVE)
    key = RecordKey(RecordType.CUSTOMER, "", number)
    return ReadRow(row=Row(line, [number, name]), key=key, record=customer, fault=None)


def found_in(rows: list[ReadRow]) -> list[Duplicate | None]:
    with closing(Duplicates()) as duplicates:
        assert duplicates.index(rows) == len(rows)
        return [duplicates.at(read.row.line) for read in rows]


def test_equal_rows_count_once() -> None:
    """The first of them is no duplicate."""
    rows = [row(2, "1", "A"), row(3, "2", "B"), row(9, "1", "A"), row(10, "1", "A")]
    first, other, *repeats = found_in(rows)
    assert first is other is None
    assert repeats == [
        Duplicate(9, 3, differing=False, lines=(2, 9, 10)),
        Duplicate(10, 3, differing=False, lines=(2, 9, 10)),
    ]


def test_no_row_of_a_key_is_trusted_where_one_differs() -> None:
    """All are duplicates, the equal ones among them too."""
    rows = [row(2, "1", "A"), row(3, "1", "A"), row(4, "1", "B"), row(5, "2", "B")]
    assert [one and one.differing for one in found_in(rows)] == [True, True, True, None]


def test_rows_without_a_key_are_duplicates_of_nothing() -> None:
    """Two rows that cannot be read are two faults."""
    fault = Fault(BAD_ROW, "", "?")
    unread = [ReadRow(row=Row(n, ["x"]), key=None, record=None, fault=fault) for n in (2, 3)]
    assert found_in(unread) == [None, None]


def test_a_row_with_a_fault_differs_from_one_without() -> None:
    """Which of them the ERP means is unknown."""
    good = row(2, "1", "A")
    bad = ReadRow(row=Row(3, ["1", "?"]), key=good.key, record=None, fault=Fault("C", "", "m"))
    assert [one and one.differing for one in found_in([good, bad])] == [True, True]


def test_a_key_of_many_rows_names_a_few_lines() -> None:
    """A column that was taken for the key by mistake makes no message of a million lines."""
    found = found_in([row(line, "1", str(line)) for line in range(2, 1002)])
    assert found[-1] == Duplicate(1001, 1000, differing=True, lines=(2, 3, 4, 5, 6, 7))


def test_it_counts_the_keys_that_differ() -> None:
    """Repeated keys with equal rows are none of them."""
    rows = [row(2, "1", "A"), row(3, "1", "B"), row(4, "2", "C"), row(5, "2", "C")]
    with closing(Duplicates()) as duplicates:
        duplicates.index(rows)
        assert duplicates.differing_keys() == 1


pairs = st.lists(st.tuples(st.sampled_from("abcdé"), st.sampled_from("xyz")), max_size=40)


@given(pairs=pairs)
def test_it_agrees_with_the_definition(pairs: list[tuple[str, str]]) -> None:
    """A row is sent exactly if it is the first of its key and no row of the key differs."""
    rows = [row(line, *pair) for line, pair in enumerate(pairs, start=2)]
    sent = {one.row.line for one, found in zip(rows, found_in(rows), strict=True) if not found}
    assert sent == set(_first_of_equals(pairs))


def _first_of_equals(pairs: list[tuple[str, str]]) -> Iterator[int]:
    for line, (number, name) in enumerate(pairs, start=2):
        same_key = [pair for pair in pairs if pair[0] == number]
        if same_key == [(number, name)] * len(same_key) and pairs.index(same_key[0]) == line - 2:
            yield line
