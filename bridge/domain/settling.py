"""Which open payments settle which open invoices, by their exact amounts.

Payments and invoices of equal sums belong together where none of them has any other possibility;
where one has, or where there are too many to look at, that is what is told. Nothing is guessed, no
item is used twice, and the order of the items makes no difference.

Sums of subsets meet in the middle (Horowitz and Sahni, "Computing Partitions with Applications to
the Knapsack Problem", 1974): the sums of either half are listed once, so that 30 items take 65,000
steps instead of a billion.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

Sums = dict[int, list[int]]
"""Sum -> subsets that have it, as bits over a list of items; not more than are asked for."""

MOST_STEPS = 200_000
_MOST_POSSIBILITIES = 20
_SEVERAL = 2


class Certainty(StrEnum):
    """UNIQUE: there is no other possibility. AMBIGUOUS: there are several. OPEN: too many steps."""

    UNIQUE = "UNIQUE"
    AMBIGUOUS = "AMBIGUOUS"
    OPEN = "OPEN"


@dataclass(frozen=True, slots=True, order=True)
class OpenItem:
    """A payment or an invoice with what is open of it, in ten-thousandths; more than nothing."""

    key: str
    amount: int


@dataclass(frozen=True, slots=True, order=True)
class Settlement:
    """Payments that settle invoices. An ambiguous one shows one of its possibilities.

    One that is OPEN names items, among which there are too many possibilities to list.
    """

    payments: tuple[OpenItem, ...]
    invoices: tuple[OpenItem, ...]
    certainty: Certainty = Certainty.UNIQUE


def settle(
    payments: Iterable[OpenItem], invoices: Iterable[OpenItem], *, most_steps: int = MOST_STEPS
) -> list[Settlement]:
    """What belongs together among one customer's items of one company and currency.

    First one payment and any invoices, or any payments and one invoice; what is sure is out of the
    way of the rest, until nothing more is. Then several and several, among those that have no
    other possibility. `most_steps` bounds the sums that are listed of either side.
    """
    paid, owed = sorted(payments), sorted(invoices)
    sure: list[Settlement] = []
    while True:
        looked = _look(paid, owed, most_steps)
        found = looked.sure()
        if not found:
            break
        sure += found
        taken_payments = {item for one in found for item in one.payments}
        taken_invoices = {item for one in found for item in one.invoices}
        paid = [item for item in paid if item not in taken_payments]
        owed = [item for item in owed if item not in taken_invoices]
    unsure = looked.unsure()
    if not unsure:
        unsure = _many_sided(paid, owed, most_steps)
    return sorted(sure + unsure)


@dataclass(slots=True)
class _Looked:
    """The possibilities of a set of items, one side of each being a single item."""

    possible: set[Settlement] = field(default_factory=set)
    too_many: list[Settlement] = field(default_factory=list)

    def sure(self) -> list[Settlement]:
        """Those whose items occur in no other."""
        payments = Counter(item for one in self._all() for item in one.payments)
        invoices = Counter(item for one in self._all() for item in one.invoices)
        return [
            one
            for one in sorted(self.possible)
            if all(payments[item] == 1 for item in one.payments)
            and all(invoices[item] == 1 for item in one.invoices)
        ]

    def unsure(self) -> list[Settlement]:
        """One possibility for each item that has several, and what was too much to look at."""
        shown: dict[tuple[OpenItem, ...], Settlement] = {}
        for one in sorted(self.possible):
            anchor = one.payments if len(one.payments) == 1 else one.invoices
            ambiguous = Settlement(one.payments, one.invoices, Certainty.AMBIGUOUS)
            shown.setdefault((*anchor, OpenItem("", len(one.payments) == 1)), ambiguous)
        return [*shown.values(), *dict.fromkeys(self.too_many)]

    def _all(self) -> Iterator[Settlement]:
        yield from self.possible
        yield from self.too_many


def _look(payments: Sequence[OpenItem], invoices: Sequence[OpenItem], most_steps: int) -> _Looked:
    looked = _Looked()
    for anchors, items, of_payments in ((payments, invoices, True), (invoices, payments, False)):
        most = max((anchor.amount for anchor in anchors), default=0)
        halves = _Halves(items, most, most_steps)
        if not halves.listed:
            looked.too_many += _heap(anchors, items, of_payments)
            continue
        for anchor in anchors:
            chosen = halves.subsets(anchor.amount)
            if chosen is None:
                fitting = tuple(item for item in items if item.amount <= anchor.amount)
                looked.too_many.append(_sides((anchor,), fitting, of_payments, Certainty.OPEN))
                continue
            looked.possible.update(_sides((anchor,), subset, of_payments) for subset in chosen)
    return looked


def _heap(
    anchors: Sequence[OpenItem], items: Sequence[OpenItem], of_payments: bool
) -> list[Settlement]:
    """All that may belong together, told once: a list for each of thousands would help nobody."""
    amounts = sorted(item.amount for item in items)
    reached = [0, *accumulate(amounts)]
    reachable = tuple(
        one for one in anchors if reached[bisect_right(amounts, one.amount)] >= one.amount
    )
    most = max((one.amount for one in reachable), default=0)
    fitting = tuple(item for item in items if item.amount <= most)
    return [_sides(reachable, fitting, of_payments, Certainty.OPEN)] if reachable else []


def _sides(
    anchors: tuple[OpenItem, ...],
    others: tuple[OpenItem, ...],
    of_payments: bool,
    certainty: Certainty = Certainty.UNIQUE,
) -> Settlement:
    """Items and what they go with, each on its side."""
    payments, invoices = (anchors, others) if of_payments else (others, anchors)
    return Settlement(payments, invoices, certainty)


class _Halves:
    """The sums of all subsets of either half of some items, up to the greatest that is wanted."""

    def __init__(self, items: Sequence[OpenItem], most: int, most_steps: int) -> None:
        self._items, self._middle = items, len(items) // 2
        low = _sums(items[: self._middle], most, most_steps)
        high = None if low is None else _sums(items[self._middle :], most, most_steps)
        self.listed = low is not None and high is not None
        """Whether there were few enough."""
        self._low, self._high = low or {}, high or {}

    def subsets(self, target: int) -> list[tuple[OpenItem, ...]] | None:
        """The subsets that add up to the target; None where there are too many."""
        found: list[int] = []
        for amount, lows in self._low.items():
            for high in self._high.get(target - amount, ()):
                found += (low | high << self._middle for low in lows)
                if len(found) > _MOST_POSSIBILITIES:
                    return None
        return [self._chosen(bits) for bits in found]

    def _chosen(self, bits: int) -> tuple[OpenItem, ...]:
        return tuple(item for place, item in enumerate(self._items) if bits >> place & 1)


def _sums(items: Sequence[OpenItem], most: int, most_steps: int) -> Sums | None:
    """The sums of all subsets, up to `most`. None: too many to list."""
    if not _can_be_listed(items, most, most_steps):
        return None
    sums: Sums = {0: [0]}
    for place, item in enumerate(items):
        for amount in sorted(sums, reverse=True):  # so that no subset gets the item twice
            if amount + item.amount > most:
                continue
            grown = sums.setdefault(amount + item.amount, [])
            room = _MOST_POSSIBILITIES + 1 - len(grown)
            grown += [bits | 1 << place for bits in sums[amount][:room]]
    return sums


def _can_be_listed(items: Sequence[OpenItem], most: int, most_steps: int) -> bool:
    """Whether the sums are few enough, without their subsets: that takes a fraction of the time."""
    sums = {0}
    for item in items:
        if 2 * len(sums) > most_steps:
            return False
        least = most - item.amount
        sums |= {amount + item.amount for amount in sums if amount <= least}
    return True


def _many_sided(
    payments: Sequence[OpenItem], invoices: Sequence[OpenItem], most_steps: int
) -> list[Settlement]:
    """Several payments against several invoices; each has no possibility with a single one."""
    if len(payments) < _SEVERAL or len(invoices) < _SEVERAL:
        return []
    most = min(sum(item.amount for item in items) for items in (payments, invoices))
    paid, owed = (_sums(items, most, most_steps) for items in (payments, invoices))
    if paid is None or owed is None:
        return [Settlement(tuple(payments), tuple(invoices), Certainty.OPEN)]
    found = [
        Settlement(_of(payments, some), _of(invoices, others))
        for amount in sorted(paid.keys() & owed.keys())
        if amount
        for some in paid[amount]
        for others in owed[amount]
    ]
    if len(found) > 1:
        return [Settlement(found[0].payments, found[0].invoices, Certainty.AMBIGUOUS)]
    return found


def _of(items: Sequence[OpenItem], bits: int) -> tuple[OpenItem, ...]:
    return tuple(item for place, item in enumerate(items) if bits >> place & 1)
