"""Who wins a field, and which records are expected where: the rules that a company sets."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.domain.comparison import Tolerance
from bridge.domain.periods import ClosedPeriods
from bridge.domain.records import Field, RecordType


class Survivor(StrEnum):
    """Whose value a field takes when both systems changed it."""

    ERP = "erp"
    CRM = "crm"
    LATEST = "latest"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How records of one type are compared and decided.

    - `compared`: the fields both systems hold; the others are nobody's business here.
    - `survivors`: field name -> who wins when both changed; the rest goes to `default_survivor`.
    - `mirrored`: fields that the CRM only shows: a change made there is put back, never carried.
    - `review_created`: whether a person decides where both sides came with values of their own and
      never agreed; else survivorship does, as with any other field.
    - `transitions`: status -> those that may follow it. A status that is not named is followed by
      any.
    - `closed`: the periods whose documents are reported and never corrected.
    - `roll_forward`: the companies whose invoices' open amounts have to follow from their payments
      and credit memos; "*" for all.
    - `duplicates_within_days`: how near two alike documents of the ERP lie that may be one; None:
      nobody looks.
    - `expected_in_erp`: whether a record that only the CRM has, without an ERP key, is a break
      (a document) or simply not our business (a prospect's Account).
    """

    record_type: RecordType
    compared: tuple[Field, ...]
    survivors: Mapping[str, Survivor]
    default_survivor: Survivor = Survivor.REVIEW
    mirrored: frozenset[str] = frozenset()
    expected_in_erp: bool = True
    review_created: bool = False
    transitions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tolerance: Tolerance = field(default_factory=Tolerance)
    roll_forward: frozenset[str] = frozenset()
    duplicates_within_days: int | None = None
    closed: ClosedPeriods = field(default_factory=ClosedPeriods)

    def survivor_of(self, field_name: str) -> Survivor:
        """Who wins this field when both systems changed it."""
        return self.survivors.get(field_name, self.default_survivor)

    def allows(self, status: str, following: str) -> bool:
        """Whether a record may go from one status to another."""
        return following == status or following in self.transitions.get(status, (following,))


def rules_digest(rules: Iterable[Rules]) -> str:
    """Names these rules, in 16 hexadecimal digits: others have another digest."""
    text = json.dumps([_parts(one) for one in rules])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _parts(rules: Rules) -> list[object]:
    tolerance = sorted(rules.tolerance.by_currency.items())
    return [
        rules.record_type,
        [field.name for field in rules.compared],
        sorted(rules.survivors.items()),
        rules.default_survivor,
        sorted(rules.mirrored),
        rules.expected_in_erp,
        rules.review_created,
        sorted(rules.roll_forward),
        rules.duplicates_within_days,
        sorted((company, str(day)) for company, day in rules.closed.last_days.items()),
        sorted((status, sorted(others)) for status, others in rules.transitions.items()),
        str(rules.tolerance.default),
        [(currency, str(most)) for currency, most in tolerance],
    ]
