"""Who gets whom: the rule, and its laws."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.identity import StrongKey
from bridge.domain.matching import Certainty, Limits, Pair, Proposal, assign

LIMITS = Limits(least_link_bits=16, least_suggest_bits=4, margin_bits=5)
PAIRS = st.lists(
    st.builds(
        Pair,
        erp=st.sampled_from("12345"),
        crm=st.sampled_from("abcde"),
        bits=st.none() | st.sampled_from([-9.0, 3.0, 5.0, 15.0, 18.0, 22.0, 40.0]),
        key=st.none() | st.sampled_from(StrongKey),
        contradiction=st.none() | st.just("names that share no word"),
    ),
    max_size=25,
    unique_by=lambda pair: (pair.erp, pair.crm),
)


def said(*pairs: Pair) -> dict[tuple[str, str], str]:
    return {(one.pair.erp, one.pair.crm): str(one.certainty) for one in assign(pairs, LIMITS)}


def scored(erp: str, crm: str, bits: float) -> Pair:
    return Pair(erp=erp, crm=crm, bits=bits)


def why(*pairs: Pair) -> str:
    return assign(pairs, LIMITS)[0].why


def test_limits() -> None:
    """Certain, likely, nothing."""
    assert said(scored("1", "a", 16)) == {("1", "a"): "LINK"}
    assert said(scored("1", "a", 15.9)) == {("1", "a"): "SUGGEST"}
    assert said(scored("1", "a", 3.9)) == {}
    assert why(scored("1", "a", 15.9)) == "likely, not certain"


def test_the_best_pair_takes_both() -> None:
    """What is weaker gets what is left."""
    pairs = scored("1", "a", 40), scored("1", "b", 30), scored("2", "a", 30), scored("2", "b", 20)
    assert said(*pairs) == {("1", "a"): "LINK", ("2", "b"): "SUGGEST"}


def test_a_tie_is_never_a_link() -> None:
    """Not even of two exact keys; who else it could be is told."""
    near = scored("1", "a", 40), scored("1", "b", 36)
    assert said(*near) == {("1", "a"): "SUGGEST"}
    assert why(*near) == "b could be it as well"
    same = [Pair(erp=erp, crm="a", key=StrongKey.TAX_NUMBER) for erp in "12"]
    assert said(*same) == {("1", "a"): "SUGGEST"}


def test_strong_keys() -> None:
    """They link by themselves, unless something contradicts."""
    pair = Pair(erp="1", crm="a", key=StrongKey.DOMAIN)
    assert said(pair) == {("1", "a"): "LINK"}
    assert why(pair) == "the same domain and postal code"
    doubtful = replace(pair, contradiction="different legal forms")
    assert said(doubtful) == {("1", "a"): "SUGGEST"}
    assert why(doubtful) == "the same domain and postal code, but different legal forms"
    assert said(replace(doubtful, bits=-5.0)) == {}
    assert said(replace(pair, bits=-5.0)) == {("1", "a"): "LINK"}


@given(PAIRS)
def test_no_record_is_in_two_matches(pairs: list[Pair]) -> None:
    """Neither linked nor suggested."""
    proposals = assign(pairs, LIMITS)
    for side in ("erp", "crm"):
        used = [getattr(one.pair, side) for one in proposals]
        assert len(used) == len(set(used))


@given(PAIRS, st.randoms(use_true_random=False))
def test_order_changes_nothing(pairs: list[Pair], chance: object) -> None:
    """Nor does a pair that is told twice."""
    before: list[Proposal] = assign(pairs, LIMITS)
    shuffled = pairs * 2
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert assign(shuffled, LIMITS) == before


@given(PAIRS)
def test_a_link_is_ahead_of_all_others(pairs: list[Pair]) -> None:
    """Of both its records, by the margin."""
    for one in assign(pairs, LIMITS):
        if one.certainty is Certainty.LINK:
            ends = (one.pair.erp, one.pair.crm)
            others = [p for p in pairs if (p.erp == ends[0]) != (p.crm == ends[1])]
            assert all(p.strength <= one.pair.strength - LIMITS.margin_bits for p in others)
