"""Log lines: for a terminal and for machines, without secrets, and without obeying anybody."""

import json
import logging

import pytest
import structlog

from bridge.logs import configure_logs
from bridge.settings import LogFormat, LogSettings

EVIL = "\x1b[2J\u202eevil\n2026-01-01 [info] all is well"


def written(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> str:
    """What a bridge's own line, a library's and a traceback look like."""
    configure_logs(LogSettings(format=form))
    log = structlog.get_logger("bridge.test")
    log.info("soap call", address=EVIL, parts=[EVIL], password="hush")
    logging.getLogger("library").warning("says %s", EVIL)
    try:
        raise ValueError(EVIL)  # noqa: TRY301
    except ValueError:
        log.exception("failed")
    return capsys.readouterr().err


@pytest.mark.parametrize("form", [LogFormat.CONSOLE, LogFormat.JSON])
def test_nobody_s_text_is_obeyed(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    """It neither clears the screen nor hides what it says; secrets are not there at all."""
    said = written(form, capsys)
    for colour in ("\x1b[2m", "\x1b[0m"):
        said = said.replace(colour, "")
    assert "\x1b[2J" not in said
    assert "\u202e" not in said
    assert said.count("evil") >= 4
    assert "hush" not in said
    assert "Traceback" in said


def test_a_line_of_json_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """And says what it was told."""
    first, second, third = map(json.loads, written(LogFormat.JSON, capsys).splitlines())
    assert (first["address"], first["parts"]) == (EVIL, [EVIL])
    assert second["event"] == f"says {EVIL}"
    assert EVIL in third["exception"]


def test_a_text_makes_up_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal, either: only a traceback has lines of its own."""
    lines = written(LogFormat.CONSOLE, capsys).splitlines()
    assert sum(line.startswith("2026-01-01 [info] all") for line in lines) <= 1
