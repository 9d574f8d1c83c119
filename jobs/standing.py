"""What is wrong with documents by themselves, though both sides agree on them."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from bridge.domain.doubles import doubles
from bridge.domain.reconcile import settles
from bridge.domain.records import RecordType
from bridge.domain.roll_forward import roll_forward
from bridge.domain.survivorship import Rules
from bridge.store.breaks import Finding
from bridge.store.doubles import alike_documents
from bridge.store.roll_forward import rolled_invoices
from bridge.store.rulings import rulings_of


def standing_findings(session: Session, rules: Rules) -> tuple[list[Finding], list[int]]:
    """The breaks of documents by themselves, and the ids of the records whose break is accepted."""
    found = list(_findings(session, rules))
    rulings = rulings_of(session, [one.record_id for one in found])
    accepted = [
        one.record_id
        for one in found
        if any(settles(ruling, one.found) for ruling in rulings.get(one.record_id, ()))
    ]
    return [one for one in found if one.record_id not in set(accepted)], accepted


def _findings(session: Session, rules: Rules) -> Iterator[Finding]:
    if rules.record_type is RecordType.INVOICE and rules.roll_forward:
        for invoice in rolled_invoices(session, rules.roll_forward):
            wrong = roll_forward(invoice, rules.tolerance)
            if wrong is not None:
                yield Finding(invoice.record_id, *wrong)
    if rules.duplicates_within_days is not None:
        for alike in alike_documents(session, rules.record_type):
            for one in doubles(alike, rules.duplicates_within_days):
                yield Finding(*one)
