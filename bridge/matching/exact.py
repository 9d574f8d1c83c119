"""Pairs that share a strong key, and have nothing else to be compared for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bridge.domain.identity import Identity, StrongKey, contradiction, strong_keys
from bridge.domain.matching import KEY_BITS, Evidence, Pair


@dataclass(frozen=True, slots=True)
class Known:
    """An unlinked customer: its record, its ERP number or Salesforce id, and its normal form."""

    record_id: int
    known_as: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Capped:
    """Something that more pairs have in common than may be compared for it."""

    what: str
    pairs: int


def exact_pairs(
    erp: Sequence[Known], crm: Sequence[Known], *, max_pairs_per_key: int
) -> tuple[list[Pair], list[Capped]]:
    """All pairs that share a strong key, and the keys that too many share."""
    pairs, capped = [], []
    others = _by_key(crm)
    for key, ours in _by_key(erp).items():
        theirs = others.get(key, ())
        if len(ours) * len(theirs) > max_pairs_per_key:
            capped.append(Capped(f"{key[0]} {key[1]}", len(ours) * len(theirs)))
            continue
        pairs += [_pair(key[0], one, other) for one in ours for other in theirs]
    return list(_strongest(pairs)), capped


def _by_key(side: Iterable[Known]) -> dict[tuple[StrongKey, str], list[Known]]:
    found: dict[tuple[StrongKey, str], list[Known]] = defaultdict(list)
    for one in side:
        for key in strong_keys(one.identity):
            found[key].append(one)
    return found


def _pair(key: StrongKey, one: Known, other: Known) -> Pair:
    ours, theirs = dict(strong_keys(one.identity)), dict(strong_keys(other.identity))
    names = [" ".join(side.identity.name) for side in (one, other)]
    alike = "the same" if names[0] == names[1] else "not the same"
    return Pair(
        erp=one.known_as,
        crm=other.known_as,
        key=key,
        contradiction=contradiction(key, one.identity, other.identity),
        evidence=(
            Evidence(str(key), "the same", KEY_BITS[key], ours[key], theirs[key]),
            Evidence("name", alike, 0.0, *names),
        ),
    )


def _strongest(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Of the keys that two records share, the one that nothing contradicts, then the stronger."""
    found: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        old = found.get((pair.erp, pair.crm))
        if old is None or _rank(pair) > _rank(old):
            found[pair.erp, pair.crm] = pair
    return iter(found.values())


def _rank(pair: Pair) -> tuple[bool, float]:
    return pair.contradiction is None, pair.strength
