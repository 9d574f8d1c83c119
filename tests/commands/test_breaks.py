"""`erp-bridge breaks` on a real database."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.app import open_application
from bridge.cli import main
from bridge.domain.causes import Assessment, Cause
from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordType
from bridge.store.breaks import Finding, record_breaks
from tests.builders import EARLY, customer, invoice
from tests.storing import new_run, save_erp

PHONE = Break(BreakKind.CONFLICT, "changed in both systems", "phone", "1", "2")
GROSS = Break(BreakKind.CONFLICT, "changed", "gross_amount", Decimal("119.00"), Decimal("19.00"))
WORTH = Assessment(Cause.UNKNOWN, "", Decimal("100.00"), "EUR")


@pytest.fixture(autouse=True)
def breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break 1 is a customer's phone, break 2 an invoice's amount."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application = open_application()
    application.prepare_database()
    with application.sessions.begin() as session:
        (customer_id,) = save_erp(session, customer())
        (invoice_id,) = save_erp(session, invoice())
        run_id = new_run(session, EARLY)
        for record_type, found in (
            (RecordType.CUSTOMER, Finding(customer_id, PHONE)),
            (RecordType.INVOICE, Finding(invoice_id, GROSS, WORTH)),
        ):
            record_breaks(session, record_type=record_type, found=[found], run_id=run_id, now=EARLY)
    application.engine.dispose()


def erp_bridge(*words: str) -> Result:
    """Runs a command."""
    return CliRunner().invoke(main, ["breaks", *words], catch_exceptions=False)


def done(*words: str) -> str:
    """Runs a command that has to succeed; what it said."""
    result = erp_bridge(*words)
    assert result.exit_code == 0, result.output
    return result.output


def test_list() -> None:
    """Who, what, how much, since when."""
    lines = done("list").splitlines()
    assert any("CUSTOMER C1" in line and "phone" in line for line in lines)
    assert any("INVOICE 1000/I1" in line and "100.00 EUR" in line for line in lines)
    (only,) = json.loads(done("list", "--type", "invoice", "--json"))
    assert (only["key"], only["amount"], only["cause"]) == ("1000/I1", "100", "UNKNOWN")


def test_a_break_from_found_to_closed() -> None:
    """Given away, talked about, decided; all of it is told."""
    assert done("assign", "1", "ben", "--by", "anna") == "break 1 is with ben\n"
    done("comment", "1", "called them", "--by", "ben")
    closed = done("resolve", "1", "--take", "crm", "--reason", "new office", "--by", "ben")
    assert closed == "break 1 is closed\n"
    told = done("show", "1")
    assert "ben: Salesforce is right: new office" in told
    assert "RESOLVED, CORRECTED" in told
    assert [one["id"] for one in json.loads(done("list", "--json"))] == [2]
    done("reopen", "1", "--reason", "wrong number", "--by", "ben")
    notes = json.loads(done("show", "1", "--json"))["notes"]
    assert notes[-1]["text"] == "taken back: wrong number"


def test_two_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A great difference needs a second one."""
    (tmp_path / "bridge.toml").write_text('[breaks]\napprove_from = { EUR = "100" }\n')
    monkeypatch.setenv("ERP_BRIDGE_CONFIG", str(tmp_path))
    accepted = done("resolve", "2", "--accept", "--reason", "in dispute", "--by", "anna")
    assert "second person" in accepted
    assert "anna accepted it" in done("show", "2")
    assert erp_bridge("approve", "2", "--by", "anna").exit_code == 2
    assert done("approve", "2", "--by", "ben") == "break 2 is closed\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "9"], "there is no break 9"),
        (["resolve", "1", "--reason", "r"], "one of --take, --value and --accept"),
        (["resolve", "1", "--accept", "--take", "erp", "--reason", "r"], "one of"),
        (["resolve", "2", "--value", "x", "--reason", "r"], "is no money"),
        (["assign", "1"], "name one person"),
        (["approve", "1", "--by", "ben"], "nobody's approval"),
        (["export", "breaks.pdf"], "name it *.xlsx, *.csv, *.json"),
        (["export", "nowhere/breaks.csv"], "No such file"),
        (["list", "--type", "nothing"], "is not one of"),
    ],
)
def test_bad_input(words: list[str], said: str) -> None:
    """One line that says what is wrong, and exit code 2."""
    result = erp_bridge(*words)
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert said in result.output


def test_export(tmp_path: Path) -> None:
    """To a file of the form that its name asks for."""
    assert done("export", str(tmp_path / "breaks.csv")).startswith("2 breaks are in ")
    assert (tmp_path / "breaks.csv").read_text(encoding="utf-8-sig").count("\n") == 3
