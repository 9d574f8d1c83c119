"""Trains the model that ships with the project: `python -m tests.quality.model` writes it anew.

On companies that are made up, of seeds that no measurement uses; their second version is spoilt to
several degrees, as one finds it in systems that have been kept with more or less care.
"""

from pathlib import Path

from bridge.matching.comparisons import COMPARISONS
from bridge.matching.model import MODEL_FILE, LevelShares, Model, model_text
from bridge.matching.settings import MatchingSettings
from bridge.matching.training import fit
from tests.quality.companies import two_sides

FILE = Path(__file__).parents[2] / "config" / MODEL_FILE
_COUNT = 5_000
_CORRUPTIONS = (0.05, 0.1, 0.2, 0.3)
_RANDOM_PAIRS = 10_000_000
_UNSEEN = 1e-6
"""The share of others that are alike in a way that no random pair shows."""


def beginning() -> Model:
    """What knows nothing but that the same are alike and others are not."""
    fields = {}
    for one in COMPARISONS:
        rest = len(one.levels) - 1
        shares = [(0.8, 0.001)] + [(0.2 / rest, _UNSEEN)] * (rest - 1) + [(0.2 / rest, 0.9)]
        fields[one.field] = {
            level.label: LevelShares(same=same, others=others)
            for level, (same, others) in zip(one.levels, shares, strict=True)
        }
    return Model(trained_on="nothing", fields=fields)


def train() -> Model:
    """The model of companies at several degrees of corruption, all in one heap."""
    erp, crm, same = [], [], []
    for number, corruption in enumerate(_CORRUPTIONS):
        truth = two_sides(_COUNT, corruption=corruption, seed=9_000 + number)
        mark = f"{number}-"
        erp += [_marked(one, mark) for one in truth.erp]
        crm += [_marked(one, mark) for one in truth.crm]
        same += [(mark + one, mark + other) for one, other in sorted(truth.same)]
    words = ", ".join(f"{one:.0%}" for one in _CORRUPTIONS)
    return fit(
        beginning(),
        erp,
        crm,
        same,
        settings=MatchingSettings(),
        random_pairs=_RANDOM_PAIRS,
        trained_on=f"{len(same):,} made-up companies whose fields were spoilt by {words}",
    )


def _marked(one, mark):  # type: ignore[no-untyped-def]
    return type(one)(one.record_id, mark + one.known_as, one.identity)


if __name__ == "__main__":
    FILE.write_text(model_text(train()), encoding="utf-8")
