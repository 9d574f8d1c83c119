"""`erp-bridge payments` on a real database."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.app import open_application
from bridge.cli import main
from tests.builders import invoice, payment
from tests.storing import save_erp


@pytest.fixture(autouse=True)
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1 settles two invoices."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application = open_application()
    application.prepare_database()
    with application.sessions.begin() as session:
        save_erp(
            session,
            invoice(open_amount=Decimal("70.50")),
            invoice(number="I2", open_amount=Decimal("29.50")),
            payment(unapplied_amount=Decimal(100)),
        )
    application.engine.dispose()


def suggest(*words: str) -> str:
    """Runs the command; what it said."""
    done = CliRunner().invoke(main, ["payments", "suggest", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_suggest() -> None:
    """Payments, invoices, amount, and how sure it is."""
    said = suggest()
    assert "I1, I2" in said
    assert "100.00 EUR" in said
    assert "1 UNIQUE, 0 AMBIGUOUS, 0 OPEN" in said


def test_json() -> None:
    """Exact amounts as texts."""
    (one,) = json.loads(suggest("--json"))
    assert one["payments"] == [{"number": "P1", "amount": "100"}]
    assert [item["amount"] for item in one["invoices"]] == ["70.5", "29.5"]
    assert suggest("--customer", "C9", "--json").strip() == "[]"


def test_many_are_not_all_named() -> None:
    """A list of thousands would say no more than its beginning."""
    application = open_application()
    few = [invoice(number=f"N{n:02}", open_amount=Decimal(n + 1) / 10) for n in range(60)]
    with application.sessions.begin() as session:
        save_erp(session, *few)
    application.engine.dispose()
    assert re.search(r"and \d+ more", suggest().replace("\n", " "))


def test_a_long_list_is_cut() -> None:
    """It says how much is left out."""
    application = open_application()
    with application.sessions.begin() as session:
        other = {"customer_number": "C2", "open_amount": Decimal(5)}
        save_erp(session, invoice(number="I3", **other))
        save_erp(session, payment(number="P2", customer_number="C2", unapplied_amount=Decimal(5)))
    application.engine.dispose()
    assert "not shown" not in suggest()
    assert "1 more are not shown: see --limit" in suggest("--limit", "1")
