"""`erp-bridge snapshots` on a real database."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session, sessionmaker

from bridge.app import open_application
from bridge.cli import main
from bridge.operations.snapshots import SnapshotNotBelieved
from tests.builders import invoice
from tests.operations.test_snapshots import begin, close, tell
from tests.operations.test_submissions import submit


@pytest.fixture(autouse=True)
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sessionmaker[Session]:
    """An ERP had sent two invoices."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application = open_application()
    application.prepare_database()
    submit(application.sessions, invoice(number="I1"), invoice(number="I2"))
    return application.sessions


def erp_bridge(*words: str) -> Result:
    """Runs a command."""
    return CliRunner().invoke(main, ["snapshots", *words], catch_exceptions=False)


def test_list(sessions: sessionmaker[Session]) -> None:
    """Whose and of what, how many, how much, and what was gone."""
    closed = begin(sessions).snapshot_id
    tell(sessions, closed, invoice(number="I1", gross_amount=Decimal("1234.5")))
    close(sessions, closed, 1, EUR="1234.5")
    begin(sessions, company_code="2000")
    table = erp_bridge("list").stdout
    assert all(word in table for word in ("invoices of company 1000", "CLOSED", "1,234.50 EUR"))
    newest, older = json.loads(erp_bridge("list", "--json").stdout)
    assert (newest["status"], newest["gone"], newest["company_code"]) == ("OPEN", None, "2000")
    assert (older["status"], older["members"], older["gone"]) == ("CLOSED", 1, 1)
    assert (older["totals"], older["consumer"]) == ({"EUR": "1234.5"}, "erp")
    assert len(json.loads(erp_bridge("list", "--limit", "1", "--json").stdout)) == 1


def test_allow(sessions: sessionmaker[Session]) -> None:
    """A person lets a snapshot be closed that the bridge does not believe."""
    snapshot_id = begin(sessions).snapshot_id
    with pytest.raises(SnapshotNotBelieved):
        close(sessions, snapshot_id, 0)
    result = erp_bridge("allow", snapshot_id, "--reason", "all archived")
    assert result.exit_code == 0
    assert f"snapshot {snapshot_id} is allowed" in result.stdout
    assert "allowed" in erp_bridge("list").stdout
    assert close(sessions, snapshot_id, 0).gone == 2


def test_what_cannot_be_allowed() -> None:
    """There is one line and exit code 2; a reason is wanted."""
    result = erp_bridge("allow", "nonsense", "--reason", "why not")
    assert (result.exit_code, result.stderr) == (
        2,
        "erp-bridge: there is no open snapshot nonsense\n",
    )
    assert erp_bridge("allow", "nonsense").exit_code == 2
