"""`erp-bridge audit`: who did what, and whether history is what it was."""

import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from bridge.app import ready_application
from bridge.commands.options import AS_JSON, FOLDER, LIMIT
from bridge.operations.audit import list_audit, verify_audit
from bridge.terminal import Terminal
from bridge.wording import counted


@click.group(name="audit")
def audit_group() -> None:
    """The audit trail: runs, and what people decided."""


@audit_group.command("list")
@FOLDER
@click.option("--limit", type=LIMIT, default=50, show_default=True)
@AS_JSON
def list_command(folder: Path | None, limit: int, as_json: bool) -> None:
    """List the newest entries, the newest first."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = list_audit(application.sessions, limit=limit)
        if as_json:
            terminal.json([asdict(one) for one in found])
            return
        rows = [
            (one.position, one.at, one.actor, one.action, one.subject, one.detail) for one in found
        ]
        columns = ("#entry", "at", "who", "did", "to", "")
        terminal.table("Audit trail", columns, rows)


@audit_group.command()
@FOLDER
@click.option("--head", help="A digest that you kept: it has to be in the trail.")
@AS_JSON
def verify(folder: Path | None, head: str | None, as_json: bool) -> None:
    """Check that no entry was changed, dropped or slipped in. Exit 1 where one was."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        report = verify_audit(application.sessions, head=head)
        if as_json:
            terminal.json(asdict(report))
        else:
            for problem in report.problems:
                terminal.say(problem)
            state = "NOT in order" if report.problems else "in order"
            entries = counted(report.entries, "entry", "entries")
            terminal.say(f"{entries}, {counted(report.runs, 'run')} with figures: {state}")
            terminal.say(f"keep this elsewhere: {report.head}")
    sys.exit(1 if report.problems else 0)
