"""Who wins a field, and which records are expected where: the rules that a company sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.domain.comparison import Tolerance
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
    - `expected_in_erp`: whether a record that only the CRM has, without an ERP key, is a break
      (a document) or simply not our business (a prospect's Account).
    """

    record_type: RecordType
    compared: tuple[Field, ...]
    survivors: Mapping[str, Survivor]
    default_survivor: Survivor = Survivor.REVIEW
    mirrored: frozenset[str] = frozenset()
    expected_in_erp: bool = True
    tolerance: Tolerance = field(default_factory=Tolerance)

    def survivor_of(self, field_name: str) -> Survivor:
        """Who wins this field when both systems changed it."""
        return self.survivors.get(field_name, self.default_survivor)
