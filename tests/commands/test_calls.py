"""`erp-bridge calls` on a real database."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.app import open_application, utc_now
from bridge.cli import main
from bridge.commands import calls as command
from bridge.store.calls import add_calls
from tests.callers import CALL, STRANGERS_CALL


@pytest.fixture(autouse=True)
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Call 1 is old, 2 of nobody, 3 of another consumer and recent."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application = open_application()
    application.prepare_database()
    recent = utc_now() - timedelta(minutes=90)
    odd = replace(
        CALL, at=recent, consumer="other", message_id="[/red]m", envelope=b"\x1b[2J\xff\n"
    )
    with application.sessions.begin() as session:
        add_calls(session, [CALL, STRANGERS_CALL, odd])
    application.engine.dispose()


def erp_bridge(*words: str) -> Result:
    """Runs a command."""
    return CliRunner().invoke(main, ["calls", *words], catch_exceptions=False)


def listed(*words: str) -> list[int]:
    result = erp_bridge("list", *words, "--json")
    assert result.exit_code == 0, result.output
    return [one["id"] for one in json.loads(result.stdout)]


def test_list_tells_who_called_what() -> None:
    """A line for each call, and what a caller sent is no markup."""
    output = erp_bridge("list").stdout
    assert all(word in output for word in ("SubmitInvoices", "2001:db8::1", "m-1", "kept"))
    assert "[/red]m" in output
    assert "WrongCredentials" in output


def test_list_chooses() -> None:
    """By consumer, time and outcome; so many at most."""
    assert listed() == [3, 2, 1]
    assert listed("--consumer", "erp") == [1]
    assert listed("--failed") == [2]
    assert listed("--limit", "1") == [3]
    assert listed("--since", "2h") == [3]
    assert listed("--since", "30m") == []
    assert listed("--since", CALL.at.date().isoformat()) == [3, 2, 1]
    assert listed("--since", (CALL.at + timedelta(seconds=1)).isoformat()) == [3]


@pytest.mark.parametrize("text", ["yesterday", "7", "9999999d", "999999d", ""])
def test_a_time_that_is_none_is_told(text: str) -> None:
    """With the forms that are read."""
    result = erp_bridge("list", "--since", text)
    assert result.exit_code == 2
    assert "is none of 30m, 12h, 7d, 2026-03-04" in result.stderr


def test_show_prints_the_envelope_as_it_came() -> None:
    """For a file, or for a tool that reads it."""
    assert erp_bridge("show", "1").stdout_bytes == (CALL.envelope or b"") + b"\n"
    found = json.loads(erp_bridge("show", "3", "--json").stdout)
    assert (found["id"], found["consumer"], found["envelope"]) == (3, "other", "\x1b[2J\ufffd\n")


def test_a_terminal_does_not_obey_a_caller() -> None:
    """What cannot be printed is told, and lines stay lines."""
    shown = command._for_a_terminal(b"\x1b[2J<a>\xc3\xa9\t\n\xff")
    assert shown == "\\u001b[2J<a>é\t\n\ufffd"


@pytest.mark.parametrize(
    ("call", "reason"),
    [("2", "the envelope of call 2 is not kept"), ("9", "there is no call 9, or it is forgotten")],
)
def test_what_is_not_there_is_told(call: str, reason: str) -> None:
    """In one line."""
    result = erp_bridge("show", call)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1
