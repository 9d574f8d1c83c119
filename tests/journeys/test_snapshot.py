"""An ERP tells all its invoices of a company: exactly what it no longer has becomes a break."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bridge.consumer import ServiceFault
from bridge.domain.causes import Cause
from bridge.domain.decisions import BreakKind
from bridge.domain.records import Customer, CustomerStatus, Invoice, RecordType
from bridge.operations.breaks import list_breaks
from bridge.operations.snapshots import CurrencyTotal
from bridge.operations.submissions import Outcome
from tests.builders import invoice
from tests.journeys.world import World

CUSTOMER = Customer(number="C1", name="Muster GmbH", status=CustomerStatus.ACTIVE)
OLD = [invoice(number=f"{n}", gross_amount=Decimal(100 + n)) for n in range(30)]
ELSEWHERE = invoice(number="1", company_code="2000")
NEVER_SENT_ON = invoice(number="never", gross_amount=Decimal(7))
GONE = {"1000/3", "1000/4", "1000/5"}


def totals_of(records: Sequence[Invoice]) -> list[CurrencyTotal]:
    """The ERP's own sums."""
    currencies = sorted({one.currency for one in records})
    return [
        CurrencyTotal(
            currency,
            sum((one.gross_amount for one in records if one.currency == currency), Decimal(0)),
        )
        for currency in currencies
    ]


def missing(world: World) -> set[str]:
    """The keys of the open breaks, which are all of one kind."""
    found = list_breaks(world.application.sessions)
    assert {one.kind for one in found} <= {BreakKind.MISSING_IN_ERP}
    assert {one.cause for one in found} <= {Cause.MISSING}
    return {str(one.key) for one in found}


def keys_in_salesforce(world: World) -> set[str]:
    return {
        str(row.fields["ERP_Key__c"])
        for row in world.query("SELECT ERP_Key__c FROM ERP_Invoice__c")
    }


def test_what_the_erp_no_longer_has_becomes_a_break(world: World) -> None:
    """Not what it changed, added, keeps in another company or cannot send as it should be."""
    world.submit([CUSTOMER])
    world.submit([*OLD, ELSEWHERE])
    world.settle()
    world.compare()
    assert missing(world) == set()
    # one more is decided, but has not left for Salesforce yet
    world.submit([NEVER_SENT_ON])
    world.run("reconcile-financials")

    as_of = datetime.now(UTC)
    kept = [one for one in OLD if f"1000/{one.number}" not in GONE]
    kept[0] = replace(kept[0], gross_amount=Decimal("200.00"))
    kept[1] = replace(kept[1], gross_amount=Decimal("0.0001"))  # which will be rejected
    kept.append(invoice(number="new", currency="USD"))
    begun = world.erp.begin_snapshot(RecordType.INVOICE, "1000", as_of=as_of)
    first = world.erp.submit("part 1", kept[:10], begun.snapshot_id)
    assert [one.outcome for one in first.results].count(Outcome.REJECTED) == 1
    with pytest.raises(ServiceFault) as caught:  # part 2 was lost
        world.erp.close_snapshot(begun.snapshot_id, count=len(kept), totals=totals_of(kept))
    assert caught.value.code == "SnapshotDiffers"
    assert [one.path for one in caught.value.violations] == ["Count", "Total[EUR]", "Total[USD]"]
    world.erp.submit("part 2", kept[10:], begun.snapshot_id)
    closed = world.erp.close_snapshot(begun.snapshot_id, count=len(kept), totals=totals_of(kept))
    assert (closed.members, closed.gone) == (len(kept), len(GONE) + 1)

    world.run("relay")
    assert "1000/never" not in keys_in_salesforce(world)
    summary = world.compare()["INVOICE"]
    assert summary["breaks_opened"] == len(GONE)
    assert missing(world) == GONE
    world.run("relay")
    # the bridge deletes nothing, and sends nothing that is gone
    assert keys_in_salesforce(world) == {
        f"{one.company_code}/{one.number}" for one in [*OLD, ELSEWHERE, kept[-1]]
    }

    # what the ERP sends again is back, and its break clears itself
    world.submit([OLD[4]])
    world.compare()
    assert missing(world) == GONE - {"1000/4"}
