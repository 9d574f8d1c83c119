"""Finding the other side: from pairs that look alike to links, suggestions, or nothing.

What is alike, and how much that weighs, was found out before. Here each record gets one partner at
most, by a rule that a person can follow:

1. The strongest pair of all goes first, then the strongest of what is left.
2. It is a LINK where it is certain by itself (`least_link_bits`, or a strong key; and nothing
   contradicts), and no other pair of either record comes near it (`margin_bits`).
3. It is a SUGGEST where it is likely (`least_suggest_bits`): a person decides. So is a tie.
4. Both records are taken. What is weaker is nothing.

Pairs are ordered by strength and then by their keys, so neither the order in which they come nor
the ids that the database gave them make any difference.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.identity import StrongKey


class Certainty(StrEnum):
    """What is said of a pair. Nothing is said of those that are neither."""

    LINK = "LINK"
    SUGGEST = "SUGGEST"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one field tells of a pair: how alike both values are, and how much that weighs.

    `bits` is a logarithm to base 2: 10 make it a thousand times more likely that both are the same
    company, negative ones less likely.
    """

    field: str
    level: str
    bits: float
    erp: str
    crm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A record of the ERP and one of the CRM that may be the same, by ERP key and Salesforce id.

    `bits` is the logarithm to base 2 of the odds that they are; None where only exact keys were
    compared. `key` is a strong key that both share, `contradiction` what speaks against it.
    """

    erp: str
    crm: str
    bits: float | None = None
    key: StrongKey | None = None
    contradiction: str | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def strength(self) -> float:
        """By what pairs are ordered: a strong key counts like a high score.

        One that something contradicts does so only where there is no score.
        """
        if self.key is None or (self.contradiction is not None and self.bits is not None):
            return self.bits or 0.0
        return max(self.bits or 0.0, KEY_BITS[self.key])


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a pair is certain or likely, and how far it has to be ahead, in bits."""

    least_link_bits: float
    least_suggest_bits: float
    margin_bits: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pair, what is said of it, and why no more or no less."""

    pair: Pair
    certainty: Certainty
    why: str


def assign(pairs: Iterable[Pair], limits: Limits) -> list[Proposal]:
    """Gives each record one partner at most, the strongest pairs first."""
    ordered = sorted(_distinct(pairs), key=lambda pair: (-pair.strength, pair.erp, pair.crm))
    beside = _by_record(ordered)
    taken: set[tuple[str, str]] = set()
    proposals = []
    for pair in ordered:
        ends = {("erp", pair.erp), ("crm", pair.crm)}
        if pair.strength < limits.least_suggest_bits or taken & ends:
            continue
        near = [
            other
            for end in ends
            for other in beside[end]
            if other is not pair and other.strength > pair.strength - limits.margin_bits
        ]
        proposals.append(_proposal(pair, near, limits))
        taken |= ends
    return proposals


def _proposal(pair: Pair, near: Collection[Pair], limits: Limits) -> Proposal:
    doubt = _doubt(pair, near, limits)
    if doubt is None:
        why = f"the same {pair.key}" if pair.key else "certain by its score"
        return Proposal(pair, Certainty.LINK, why)
    return Proposal(pair, Certainty.SUGGEST, doubt)


def _doubt(pair: Pair, near: Collection[Pair], limits: Limits) -> str | None:
    """Why it takes a person; None where it does not."""
    if near:
        others = sorted({one.crm if one.erp == pair.erp else one.erp for one in near})
        return f"{', '.join(others[:_MOST_RIVALS])} could be it as well"
    by_score = pair.bits is not None and pair.bits >= limits.least_link_bits
    if pair.contradiction is None:
        return None if by_score or pair.key is not None else "likely, not certain"
    return f"{f'the same {pair.key}' if pair.key else 'likely'}, but {pair.contradiction}"


def _distinct(pairs: Iterable[Pair]) -> Collection[Pair]:
    """One pair for two records: the one that knows more of them."""
    found: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        old = found.get((pair.erp, pair.crm))
        if old is None or (old.bits is None, -old.strength) > (pair.bits is None, -pair.strength):
            found[pair.erp, pair.crm] = pair
    return found.values()


def _by_record(pairs: Iterable[Pair]) -> dict[tuple[str, str], list[Pair]]:
    beside: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        beside["erp", pair.erp].append(pair)
        beside["crm", pair.crm].append(pair)
    return beside


KEY_BITS = {StrongKey.TAX_NUMBER: 30.0, StrongKey.DOMAIN: 20.0}
"""What a strong key counts for against scores, and against the other one."""

_MOST_RIVALS = 3
