"""`erp-bridge balances` on a real database."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.app import open_application
from bridge.cli import main
from bridge.domain.records import RecordType
from tests.builders import crm_record, invoice
from tests.storing import save_crm, save_erp


@pytest.fixture(autouse=True)
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I1 is half paid in Salesforce alone, I2 is the same on both sides."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application = open_application()
    application.prepare_database()
    other = invoice(number="I2", company_code="2000")
    with application.sessions.begin() as session:
        save_erp(session, invoice(), other)
        half = invoice(open_amount=Decimal("59.50"))
        save_crm(session, crm_record(half), crm_record(other), record_type=RecordType.INVOICE)
    application.engine.dispose()


def balances(*words: str) -> str:
    """Runs the command; what it said."""
    done = CliRunner().invoke(main, ["balances", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_table() -> None:
    """Both sides, and the difference where there is one."""
    lines = balances().splitlines()
    assert sum("difference" in line for line in lines) == 1
    assert any("119.00" in line and "ERP" in line for line in lines)


def test_json() -> None:
    """Exact amounts as texts; only what differs, if asked for."""
    (row,) = json.loads(balances("--differing", "--json"))
    assert (row["customer_number"], row["differs"]) == ("C1", True)
    assert row["erp"]["balance"] == "119"
    assert (row["crm"]["balance"], row["crm"]["unrolled"]) == ("59.5", "-59.5")
    assert len(json.loads(balances("--json"))) == 2
    assert json.loads(balances("--json", "--company", "3000")) == []
