"""Commands that cannot do as asked say so in one line."""

import click
import pytest
from click.testing import CliRunner, Result

from bridge import BridgeError
from bridge.one_line import OneLineErrors


@click.group(name="tool", cls=OneLineErrors)
def tool() -> None:
    """A tool."""


@tool.group()
def below() -> None:
    """More of it."""


@below.command()
@click.option("--kind", type=click.Choice(["a", "b"]))
@click.argument("word")
def fail(kind: str | None, word: str) -> None:
    """Fails in the way that a word says."""
    match word:
        case "error":
            raise BridgeError("it\nwill not\x1b[2J")
        case "file":
            open("/nowhere/at all").close()
        case "lost":
            raise OSError("disk")
        case "bytes":
            "x\udcff".encode()
        case _:
            raise ZeroDivisionError


def run(*words: str) -> Result:
    """Runs the tool."""
    return CliRunner().invoke(tool, list(words), prog_name="tool")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["below", "fail", "error"], r"it\nwill not\u001b[2J"),
        (["below", "fail", "file"], "/nowhere/at all: No such file or directory"),
        (["below", "fail", "lost"], "system: disk"),
        (["below", "fail", "bytes"], r"'\udcff' cannot be written in utf-8: x\udcff"),
        (["below", "fail"], "Missing argument 'WORD' (see `tool below fail --help`)"),
        (["below", "nothing"], "No such command 'nothing' (see `tool below --help`)"),
        (["--nothing"], "No such option '--nothing' (see `tool --help`)"),
        (
            ["below", "fail", "--kind", "c", "x"],
            "Invalid value for '--kind': 'c' is not one of 'a', 'b' (see `tool below fail --help`)",
        ),
    ],
)
def test_one_line(words: list[str], said: str) -> None:
    """With exit code 2, on standard error, and where there is more to read."""
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"erp-bridge: {said}\n"


def test_help_is_whole() -> None:
    """Whoever names no command gets the list of them."""
    assert "Commands:\n  below" in run().output
    assert run("below", "fail", "--help").exit_code == 0


def test_what_nobody_expects_is_a_traceback() -> None:
    """It is a mistake of the bridge's own."""
    assert isinstance(run("below", "fail", "else").exception, ZeroDivisionError)
