"""`erp-bridge aging` on a real database."""

import json
from datetime import date
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
    """I1 is open in the ERP alone, I2 on both sides."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application = open_application()
    application.prepare_database()
    due = date(2026, 3, 2)
    with application.sessions.begin() as session:
        save_erp(session, invoice(due_on=due), invoice(number="I2", company_code="2000"))
        paid = invoice(due_on=due, open_amount=Decimal(0))
        save_crm(session, crm_record(paid), record_type=RecordType.INVOICE)
        same = invoice(number="I2", company_code="2000")
        save_crm(session, crm_record(same), record_type=RecordType.INVOICE)
    application.engine.dispose()


def aging(*words: str) -> str:
    """Runs the command; what it said."""
    done = CliRunner().invoke(main, ["aging", "--as-of", "2026-04-01", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_table() -> None:
    """Both sides in ages, and the difference where there is one."""
    lines = aging().splitlines()
    assert sum("difference" in line for line in lines) == 1
    assert any("119.00" in line and "ERP" in line for line in lines)


def test_json() -> None:
    """Exact amounts as texts; only what differs, if asked for."""
    (row,) = json.loads(aging("--differing", "--json"))
    assert (row["company_code"], row["erp"]["1-30"], row["crm"]["balance"]) == ("1000", "119", "0")
    assert len(json.loads(aging("--json"))) == 2


def test_a_bad_day() -> None:
    """It says how to write one."""
    done = CliRunner().invoke(main, ["aging", "--as-of", "1.4.2026"])
    assert done.exit_code == 2
    assert "%Y-%m-%d" in done.output
