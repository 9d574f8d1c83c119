"""`erp-bridge audit` on a real database."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text, update

from bridge.app import open_application
from bridge.cli import main
from bridge.store.audit import Deed, append_deed
from bridge.store.models import AuditEntry
from tests.builders import EARLY


@pytest.fixture(autouse=True)
def trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One deed."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application = open_application()
    application.prepare_database()
    deed = Deed(at=EARLY, actor="anna", action="break", subject="7", detail="accepted: why not")
    with application.sessions.begin() as session:
        append_deed(session, deed)
    application.engine.dispose()


def audit(*words: str) -> tuple[int, str]:
    """Runs a command; its exit code and what it said."""
    done = CliRunner().invoke(main, ["audit", *words], catch_exceptions=False)
    return done.exit_code, done.output


def test_list() -> None:
    """Who did what."""
    code, said = audit("list")
    assert code == 0
    assert "anna" in said
    assert "accepted: why not" in said


def test_verify() -> None:
    """In order: exit 0 and the head to keep. Changed: exit 1 and what was."""
    code, said = audit("verify")
    assert (code, "1 entry, 0 runs with figures: in order" in said) == (0, True)
    head = json.loads(audit("verify", "--json")[1])["head"]
    assert audit("verify", "--head", head)[0] == 0
    assert audit("verify", "--head", "00")[0] == 1
    application = open_application()
    with application.sessions.begin() as session:
        session.execute(update(AuditEntry).values(actor="ben"))
    application.engine.dispose()
    code, said = audit("verify")
    assert (code, "entry 1 is not what was written" in said) == (1, True)


@pytest.mark.parametrize("column", ["at", "actor", "digest"])
def test_an_entry_that_was_written_over(column: str) -> None:
    """It is named, whatever stands in it now; the trail can be read, and goes on."""
    application = open_application()
    garbage = {"at": "'yesterday'", "actor": "x'ff'", "digest": "'zz'"}[column]
    with application.sessions.begin() as session:
        session.execute(text(f"UPDATE audit_entry SET {column} = {garbage}"))
    code, said = audit("verify")
    assert (code, "entry 1 " in said) == (1, True)
    code, said = audit("list")
    assert code == 0
    deed = Deed(at=EARLY, actor="ben", action="break", subject="8", detail="later")
    with application.sessions.begin() as session:
        append_deed(session, deed)
    application.engine.dispose()
    assert [one["position"] for one in json.loads(audit("list", "--json")[1])] == [2, 1]


def test_force_needs_a_reason() -> None:
    """Or nobody knows later why."""
    done = CliRunner().invoke(main, ["job", "run", "fetch", "--force"])
    assert done.exit_code == 2
    assert "--force takes a --reason" in done.output
