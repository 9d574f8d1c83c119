"""An open amount is what was billed less what was paid and credited."""

from decimal import Decimal

import pytest

from bridge.domain.causes import Cause
from bridge.domain.comparison import Tolerance
from bridge.domain.roll_forward import Position, RolledInvoice, roll_forward

D = Decimal


def position(**changes: str) -> Position:
    """119.00, of which 100.00 are paid and 19.00 open."""
    plain = {"gross": "119.00", "applied": "100.00", "credited": "0", "open": "19.00"}
    return Position(**{name: D(text) for name, text in {**plain, **changes}.items()})


def rolled(erp: Position, crm: Position) -> RolledInvoice:
    return RolledInvoice(record_id=1, currency="EUR", erp=erp, crm=crm)


def test_what_follows_is_no_break() -> None:
    """To the last unit, or within the tolerance of the currency."""
    assert roll_forward(rolled(position(), position()), Tolerance()) is None
    cent = rolled(position(open="19.01"), position(open="18.99"))
    assert roll_forward(cent, Tolerance(by_currency={"EUR": D("0.01")})) is None
    assert roll_forward(cent, Tolerance(by_currency={"USD": D("0.01")})) is not None


@pytest.mark.parametrize(
    ("changes", "rest", "computed"),
    [
        ({"open": "119"}, "100", "119.00 − 100.00 paid − 0.00 credited = 19.00, open 119.00"),
        ({"credited": "20"}, "20", "119.00 − 100.00 paid − 20.00 credited = -1.00, open 19.00"),
        ({"gross": "120"}, "-1", "120.00 − 100.00 paid − 0.00 credited = 20.00, open 19.00"),
    ],
)
def test_what_does_not_is_told_with_its_computation(
    changes: dict[str, str], rest: str, computed: str
) -> None:
    """The amount is what is open too much; the other side is right."""
    wrong = roll_forward(rolled(position(**changes), position()), Tolerance())
    assert wrong is not None
    found, why = wrong
    assert (found.erp, found.crm, found.field) == (computed, None, "")
    assert (why.cause, why.amount, why.currency) == (Cause.UNKNOWN, D(rest), "EUR")
    assert why.evidence == f"ERP: {computed}"


def test_both_sides_may_be_wrong() -> None:
    """One break tells of both, each by its own figures."""
    wrong = roll_forward(rolled(position(open="1"), position(open="2")), Tolerance())
    assert wrong is not None
    found, why = wrong
    assert found.detail.endswith("in ERP and Salesforce")
    assert (found.erp, found.crm) != (None, None)
    assert why.evidence == f"ERP: {found.erp}; Salesforce: {found.crm}"
    assert why.amount == D(-18)
