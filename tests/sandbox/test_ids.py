import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sandbox.errors import RefusedValueError
from bridge.sandbox.ids import DIGITS, new_id, normalise, with_checksum

id15s = st.text(alphabet=DIGITS, min_size=15, max_size=15)


@pytest.mark.parametrize(
    "recorded", ["006A000000LbiizIAB", "006A000000LZhwNIAT", "00DA0000000YpZ4MAK"]
)
def test_an_id_of_15_characters_gets_the_checksum_that_salesforce_gives(recorded: str) -> None:
    """The 18-character form of recorded ids is the recorded one."""
    assert normalise(recorded[:15]) == recorded
    assert normalise(recorded) == recorded


@given(id15s, id15s)
def test_ids_that_differ_in_case_alone_differ_in_their_checksum(one: str, other: str) -> None:
    """Two ids are equal without regard to case only if they are the same id."""
    same = with_checksum(one).lower() == with_checksum(other).lower()
    assert same == (one == other)


@given(st.integers(0, 62**9 - 2))
def test_ids_sort_as_their_numbers_do(number: int) -> None:
    """A later row has a greater id."""
    assert new_id("001", "xY", number) < new_id("001", "xY", number + 1)


@pytest.mark.parametrize("text", ["", "001", "006A000000LbiizIAA", "006A000000Lbii!", "a" * 16])
def test_anything_else_is_a_malformed_id(text: str) -> None:
    """A wrong length, character or checksum is MALFORMED_ID."""
    with pytest.raises(RefusedValueError) as refused:
        normalise(text)
    assert refused.value.status_code == "MALFORMED_ID"
