"""`erp-bridge calls`: who called what, and what came of it."""

import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bridge import BridgeError
from bridge.app import ready_application
from bridge.commands.options import AS_JSON, FOLDER, ID, LIMIT, SINCE
from bridge.operations import calls as operations
from bridge.operations.calls import KeptCall
from bridge.terminal import Terminal
from bridge.wording import printable


class NoEnvelope(BridgeError):
    """A call whose envelope was not kept, or is forgotten."""


@click.group(name="calls")
def calls_group() -> None:
    """The calls that the SOAP service answered."""


@calls_group.command("list")
@FOLDER
@click.option("--consumer", help="This one's alone.")
@SINCE
@click.option("--failed", is_flag=True, help="Those that ended in a fault.")
@click.option("--limit", type=LIMIT, default=100, show_default=True)
@AS_JSON
def list_command(folder: Path | None, as_json: bool, **which: Any) -> None:
    """List the latest calls, newest first."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = operations.list_calls(application.sessions, **which)
        if as_json:
            terminal.json([_as_json(one) for one in found])
            return
        columns = ("#id", "at", "consumer", "operation", "outcome", "#seconds")
        more = ("#bytes in, out", "from", "message id", "envelope")
        terminal.table("Calls", (*columns, *more), (_cells(one) for one in found))


@calls_group.command()
@FOLDER
@click.argument("call_id", metavar="ID", type=ID)
@AS_JSON
def show(folder: Path | None, call_id: int, as_json: bool) -> None:
    """Print the envelope that a call sent, where the consumer's rights let it be kept."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = operations.get_call(application.sessions, call_id=call_id)
    if as_json:
        terminal.json(_as_json(found))
        return
    envelope = found.row.envelope
    if envelope is None:
        raise NoEnvelope(
            f"the envelope of call {call_id} is not kept: `erp-bridge consumers permit NAME"
            " --keep-envelopes` keeps those of later calls"
        )
    # On a terminal, what a caller sent must not be obeyed as control sequences.
    click.echo(_for_a_terminal(envelope) if sys.stdout.isatty() else envelope)


def _cells(one: KeptCall) -> tuple[object, ...]:
    row = one.row
    return (
        one.id,
        row.at,
        row.consumer,
        row.operation,
        row.outcome,
        f"{row.seconds:.3f}",
        f"{row.request_bytes}, {row.answer_bytes}",
        row.address,
        row.message_id,
        "kept" if one.has_envelope else "",
    )


def _as_json(one: KeptCall) -> dict[str, Any]:
    envelope = one.row.envelope
    text = None if envelope is None else envelope.decode(errors="replace")
    return {
        "id": one.id,
        **asdict(one.row),
        "has_envelope": one.has_envelope,
        "envelope": text,
    }


def _for_a_terminal(envelope: bytes) -> str:
    return printable(envelope.decode(errors="replace"), keep="\n\t")
