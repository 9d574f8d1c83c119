"""What is wrong with documents by themselves, though both sides agree on them."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from bridge.domain.doubles import doubles
from bridge.domain.reconcile import settles
from bridge.domain.records import RecordType
from bridge.domain.roll_forward import roll_forward
from bridge.domain.rulings import Ruling
from bridge.domain.survivorship import Rules
from bridge.store.breaks import Finding
from bridge.store.doubles import alike_documents
from bridge.store.roll_forward import rolled_invoices
from bridge.store.rulings import rulings_of


def standing_findings(
    session: Session, rules: Rules
) -> tuple[list[Finding], list[tuple[int, Ruling]]]:
    """The breaks of documents by themselves, and what held of others: (record id, ruling)."""
    found = list(_findings(session, rules))
    rulings = rulings_of(session, [one.record_id for one in found])
    standing, obeyed = [], []
    for one in found:
        held = [it for it in rulings.get(one.record_id, ()) if settles(it, one.found)]
        obeyed += [(one.record_id, ruling) for ruling in held]
        standing += [] if held else [one]
    return standing, obeyed


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
