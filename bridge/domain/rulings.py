"""What a person decided of a difference, and for how long that decision holds."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bridge.domain.comparison import normalised
from bridge.domain.records import Field, Value


class Verdict(StrEnum):
    """What shall become of a difference.

    SET: both sides take one value. ACCEPT: the difference stays, and is no break any more.
    RECREATE: what was deleted in the CRM is entered there again.
    """

    SET = "SET"
    ACCEPT = "ACCEPT"
    RECREATE = "RECREATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A person's decision on one break, with the values that the person saw.

    `kind` is the break's (bridge.domain.decisions.BreakKind), `field` is empty where the whole
    record is meant. `value` is what both sides take, where the verdict is SET. `amount` is what the
    break was worth, in `currency`.
    """

    kind: str
    field: str
    erp: Value | None
    crm: Value | None
    verdict: Verdict
    value: Value | None = None
    amount: Decimal | None = None
    currency: str | None = None
    by: str
    at: datetime

    def holds(
        self, field: Field, erp: Value | None, crm: Value | None, country: str | None = None
    ) -> bool:
        """Whether the decision still fits: nothing changed but by the decision itself.

        A side that holds the decided value already waits for the other; any other new value is
        news, which the person did not see.
        """

        def fits(seen: Value | None, now: Value | None) -> bool:
            known = [seen, self.value] if self.verdict is Verdict.SET else [seen]
            return normalised(field, now, country) in [
                normalised(field, one, country) for one in known
            ]

        return fits(self.erp, erp) and fits(self.crm, crm)
