"""`erp-bridge breaks` on a real database."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from bridge.app import open_application
from bridge.cli import main
from bridge.domain.causes import Assessment, Cause
from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordType
from bridge.store import models
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


def test_a_long_list_is_cut() -> None:
    """It says what it leaves out; a document holds all."""
    shown = done("list", "--limit", "1")
    assert "CUSTOMER C1" in shown
    assert "INVOICE 1000/I1" not in shown
    assert shown.splitlines()[-1] == "1 more are not shown: see --limit"
    assert len(json.loads(done("list", "--limit", "1", "--json"))) == 2
    assert "not shown" not in done("list", "--limit", "2")


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
    settings = '[breaks]\npeople = ["anna", "ben"]\napprove_from = { EUR = "100" }\n'
    (tmp_path / "bridge.toml").write_text(settings)
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
        (["show", str(2**63)], "is not in the range 1<=x<=9223372036854775807"),
        (["show", "0"], "is not in the range"),
        (["show"], "Missing argument 'ID' (see `main breaks show --help`)"),
        (["list", "--nope"], "No such option '--nope'"),
        (["approve", "1", "--by", ""], "'--by': it says nothing"),
        (["approve", "1", "--by", " "], "it says nothing"),
        (["approve", "1", "--by", "x" * 81], "81 characters; 80 are allowed"),
        (["approve", "1", "--by", "an\u200bna"], "characters that do not print"),
        (["assign", "1", "x" * 300], "300 characters"),
        (["assign", "1", " "], "it says nothing"),
        (["comment", "1", "\x1b[2J"], "characters that do not print"),
        (["comment", "1", "\udcff"], "characters that do not print"),
        (["list", "--assignee", "\udcff"], "cannot be written in utf-8"),
        (["reopen", "1", "--reason", " "], "it says nothing"),
        (["resolve", "1", "--value", "1\n2", "--reason", "r"], "is no phone"),
    ],
)
def test_bad_input(words: list[str], said: str) -> None:
    """One line that says what is wrong, and exit code 2."""
    result = erp_bridge(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("erp-bridge: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_terminal_obeys_no_record(tmp_path: Path) -> None:
    """What an ERP sent is shown, in lists, alone and as JSON."""
    application = open_application()
    evil = "\x1b]0;pwned\x07\u202e\x9b2J\nbreak 99 is closed"
    with application.sessions.begin() as session:
        session.execute(update(models.Break).values(erp_value=evil, detail=evil))
    application.engine.dispose()
    for words in (["list"], ["show", "1"], ["list", "--json"]):
        said = done(*words)
        assert all(one.isprintable() or one == "\n" for one in said)
        assert "\\u001b]0;" in said.replace("\n", "")
        assert not any(line.startswith("break 99") for line in said.splitlines())
    assert json.loads(done("list", "--json"))[0]["erp"] == evil


def test_export(tmp_path: Path) -> None:
    """To a file of the form that its name asks for."""
    assert done("export", str(tmp_path / "breaks.csv")).startswith("2 breaks are in ")
    assert (tmp_path / "breaks.csv").read_text(encoding="utf-8-sig").count("\n") == 3
