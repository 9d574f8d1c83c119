"""`erp-bridge snapshots`: what ERPs told the whole of, what was gone, and letting one count."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from bridge.app import ready_application, utc_now
from bridge.commands.options import AS_JSON, BY, FOLDER, LIMIT, REASON
from bridge.domain.money import money_text
from bridge.operations import snapshot_overview as operations
from bridge.operations.snapshot_overview import SnapshotView
from bridge.terminal import Terminal


@click.group(name="snapshots")
def snapshots_group() -> None:
    """Whole record types of a company, as ERPs told them."""


@snapshots_group.command("list")
@FOLDER
@click.option("--limit", type=LIMIT, default=20, show_default=True)
@AS_JSON
def list_command(folder: Path | None, limit: int, as_json: bool) -> None:
    """List snapshots, newest first, and what was found to be gone."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = operations.list_snapshots(application.sessions, limit=limit)
        if as_json:
            terminal.json([_as_json(one) for one in found])
            return
        columns = ("id", "consumer", "of", "as of", "state", "#members", "#gone", "totals")
        terminal.table("Snapshots", columns, map(_cells, found))


@snapshots_group.command()
@FOLDER
@click.argument("snapshot_id", metavar="ID")
@REASON
@BY
def allow(folder: Path | None, snapshot_id: str, reason: str, by: str) -> None:
    """Allow the open snapshot ID to leave out as much as it does, once the ERP closes it again."""
    with ready_application(folder) as application:
        operations.allow_snapshot(
            application.sessions, snapshot_id=snapshot_id, by=by, reason=reason, now=utc_now()
        )
    click.echo(f"snapshot {snapshot_id} is allowed: the ERP may close it")


def _cells(one: SnapshotView) -> tuple[object, ...]:
    state = f"{one.status}, allowed" if one.allowed else one.status
    totals = (f"{money_text(one.totals[name], name)} {name}" for name in sorted(one.totals))
    return (
        one.snapshot_id,
        one.consumer,
        one.scope,
        one.as_of,
        state,
        f"{one.members:,}",
        "" if one.gone is None else f"{one.gone:,}",
        ", ".join(totals),
    )


def _as_json(one: SnapshotView) -> dict[str, Any]:
    return {
        "snapshot_id": one.snapshot_id,
        "consumer": one.consumer,
        "record_type": str(one.scope.record_type),
        "company_code": one.scope.company_code,
        "status": str(one.status),
        "as_of": one.as_of.isoformat(),
        "begun_at": one.begun_at.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "members": one.members,
        "gone": one.gone,
        "totals": {currency: f"{amount:f}" for currency, amount in one.totals.items()},
        "allowed": one.allowed,
    }
