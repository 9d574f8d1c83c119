"""Closed periods: what the books have closed is reported, and corrected no more.

A document lies where its date does, by the word of any side: one that moves out of a closed period
would change it too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from bridge.domain.decisions import Break, BreakKind, Correction, Decision, Versions
from bridge.domain.records import Values


@dataclass(frozen=True, slots=True)
class ClosedPeriods:
    """The last closed day by company code; "default" is for companies that are not named."""

    last_days: Mapping[str, date] = field(default_factory=dict)

    def last_day(self, company_code: str, days: Iterable[date]) -> date | None:
        """The company's last closed day, if one of these days is closed; else None."""
        last = self.last_days.get(company_code, self.last_days.get("default"))
        return last if last is not None and any(day <= last for day in days) else None


def document_day(values: Values) -> date | None:
    """The day that places a document in a period; a customer has none."""
    day = values.get("issued_on") or values.get("received_on")
    return day if isinstance(day, date) else None


def only_reported(decision: Decision, versions: Versions, closed: ClosedPeriods) -> Decision:
    """The decision as it is; of a document in a closed period, with breaks for corrections.

    What a person decided of it is kept, and waits until the period is opened.
    """
    last = _last_closed_day(versions, closed)
    if last is None:
        return decision
    until = f"the period is closed up to {last}"
    found = {one.field: _in_closed_period(one, until) for one in decision.breaks}
    for correction in decision.corrections:
        for one in _instead_of(correction, versions, until):
            found.setdefault(one.field, one)
    return replace(decision, corrections=(), breaks=tuple(found.values()))


def _last_closed_day(versions: Versions, closed: ClosedPeriods) -> date | None:
    if versions.key is None or not closed.last_days:
        return None
    sides = [side.values for side in (versions.erp, versions.crm) if side is not None]
    days = (document_day(values) for values in [*sides, versions.agreed or {}])
    return closed.last_day(versions.key.company_code, (day for day in days if day is not None))


def _in_closed_period(found: Break, until: str) -> Break:
    """A break of a field that a person could correct, were the period open."""
    if not found.field or found.kind is BreakKind.CUSTOMER_UNKNOWN:
        return found
    return replace(found, kind=BreakKind.PERIOD_CLOSED, detail=f"{found.detail}; {until}")


def _instead_of(correction: Correction, versions: Versions, until: str) -> list[Break]:
    if versions.crm is None or versions.crm.deleted:
        return [Break(BreakKind.PERIOD_CLOSED, f"not in Salesforce; {until}")]
    assert versions.erp is not None, "what is corrected is there on both sides"
    erp, crm = versions.erp.values, versions.crm.values
    return [
        Break(
            BreakKind.PERIOD_CLOSED,
            f"{one.reason} by {one.by}; {until}" if one.by else f"{one.reason}; {until}",
            one.name,
            erp.get(one.name),
            crm.get(one.name),
        )
        for one in correction.fields
    ]
