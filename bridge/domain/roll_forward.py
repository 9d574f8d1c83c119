"""An invoice's open amount against what was paid and credited: gross less both is what is open."""

from dataclasses import dataclass
from decimal import Decimal

from bridge.domain.causes import Assessment, Cause
from bridge.domain.comparison import Tolerance
from bridge.domain.decisions import Break, BreakKind
from bridge.domain.money import money_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An invoice in one system, and what its payments and credit memos there took off it."""

    gross: Decimal
    applied: Decimal
    credited: Decimal
    open: Decimal

    @property
    def rest(self) -> Decimal:
        """What is open beyond what ought to be; below zero where too little is."""
        return self.open - (self.gross - self.applied - self.credited)

    def computed(self, currency: str) -> str:
        """The computation, for people."""
        parts = (self.gross, self.applied, self.credited, self.open - self.rest, self.open)
        gross, applied, credited, expected, is_open = (money_text(one, currency) for one in parts)
        return f"{gross} − {applied} paid − {credited} credited = {expected}, open {is_open}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledInvoice:
    """Both systems' positions of one invoice."""

    record_id: int
    currency: str
    erp: Position
    crm: Position


def roll_forward(invoice: RolledInvoice, tolerance: Tolerance) -> tuple[Break, Assessment] | None:
    """A break where an open amount does not follow from its documents, on either side.

    The evidence is the computation; the amount is what is open too much, by the ERP if it is there.
    """
    wrong = {
        name: side
        for name, side in (("ERP", invoice.erp), ("Salesforce", invoice.crm))
        if not tolerance.allows(side.rest, invoice.currency)
    }
    if not wrong:
        return None
    computed = {name: side.computed(invoice.currency) for name, side in wrong.items()}
    evidence = "; ".join(f"{name}: {text}" for name, text in computed.items())
    found = Break(
        BreakKind.ROLL_FORWARD,
        f"open is not gross less payments and credit memos in {' and '.join(wrong)}",
        erp=computed.get("ERP"),
        crm=computed.get("Salesforce"),
    )
    rest = next(iter(wrong.values())).rest
    return found, Assessment(Cause.UNKNOWN, evidence, rest, invoice.currency)
