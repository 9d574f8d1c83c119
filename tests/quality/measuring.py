"""How good proposals are, beside the truth: precision, recall and F1."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bridge.domain.matching import Certainty, Proposal

Pairs = Collection[tuple[str, str]]


@dataclass(frozen=True)
class Quality:
    """What was found of what there is: right ones, all found, all true."""

    right: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        """The share of what was found that is right."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of what there is that was found."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def quality(found: Pairs, same: Pairs) -> Quality:
    """Beside the pairs that are the same."""
    return Quality(len(set(found) & set(same)), len(set(found)), len(set(same)))


def pairs_of(proposals: Iterable[Proposal], *certainties: Certainty) -> set[tuple[str, str]]:
    """The pairs of which this is said."""
    wanted = certainties or tuple(Certainty)
    return {(one.pair.erp, one.pair.crm) for one in proposals if one.certainty in wanted}
