"""`erp-bridge runs`: what jobs did, and the statement of a run."""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from bridge import __version__
from bridge.app import ready_application, utc_now
from bridge.commands.options import AS_JSON, FOLDER, ID, LIMIT
from bridge.console.statement import render_statement
from bridge.domain.money import money_text
from bridge.domain.records import AMOUNT_COLUMNS
from bridge.domain.totals import Explained, TotalsRow
from bridge.operations.statement import OpenCount, Statement, get_statement, list_run_lines
from bridge.terminal import Terminal
from jobs.schedule import JOBS


@click.group(name="runs")
def runs_group() -> None:
    """What jobs did."""


@runs_group.command("list")
@FOLDER
@click.option("--job", type=click.Choice(list(JOBS)), help="Of this job alone.")
@click.option("--limit", type=LIMIT, default=20, show_default=True)
@AS_JSON
def list_command(folder: Path | None, job: str | None, limit: int, as_json: bool) -> None:
    """List runs, the newest first."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = list_run_lines(application.sessions, job=job, limit=limit)
        if as_json:
            terminal.json([asdict(one) for one in found])
            return
        rows = [
            (one.id, one.job, one.status, one.started_at, _seconds(one.seconds), one.error)
            for one in found
        ]
        terminal.table("Runs", ("#id", "job", "status", "started", "#seconds", "error"), rows)


@runs_group.command()
@FOLDER
@click.argument("run_id", metavar="ID", type=ID)
@click.option(
    "--html",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the statement to this file: to keep, to print on A4, to sign.",
)
@AS_JSON
def show(folder: Path | None, run_id: int, file: Path | None, as_json: bool) -> None:
    """Show the statement of a run. Exit 1 where the run is not in order."""
    now = utc_now()
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        statement = get_statement(application.sessions, run_id=run_id, now=now)
        if file is not None:
            page = render_statement(statement, now=now, version=__version__)
            file.write_text(page, encoding="utf-8")
            click.echo(f"the statement of run {run_id} is in {file}", err=as_json)
        if as_json:
            terminal.json(_plain(asdict(statement)))
        elif file is None:
            _show(terminal, statement)
    sys.exit(0 if statement.in_order else 1)


def _show(terminal: Terminal, statement: Statement) -> None:
    run = statement.run
    terminal.say(f"run {run.id}, {run.job}: {run.status}, {_seconds(run.seconds)} s")
    if run.error:
        terminal.say(run.error)
    place = ("record", "company", "month", "currency")
    rows = [line for row in statement.places for line in _totals(row)]
    terminal.table("Control totals", (*place, "", "#ERP", "#Salesforce", "#difference"), rows)
    columns = (*place, "reason", "#records", "#amount")
    terminal.table("What makes the differences up", columns, map(_reason, statement.explained))
    if statement.rests:
        terminal.table("WITHOUT A REASON", columns, map(_reason, statement.rests))
    counts = ("record", "kind", "#count", "#amount")
    terminal.table("Open breaks", counts, map(_count, statement.breaks))
    if statement.not_counted_yet:
        terminal.table("Not counted yet", counts, map(_count, statement.not_counted_yet))


def _count(one: OpenCount) -> tuple[object, ...]:
    amounts = "; ".join(map(_in_currency, one.amounts.items()))
    return (one.record_type, one.kind, one.count, amounts)


def _totals(row: TotalsRow) -> Iterator[tuple[object, ...]]:
    place = (row.record_type, row.company_code, row.period, row.currency)
    yield (*place, "count", row.erp.count, row.crm.count, row.erp.count - row.crm.count)
    for column, name in AMOUNT_COLUMNS[row.record_type].items():
        if column in row.differences:
            sides = (row.erp.amounts[column], row.crm.amounts[column], row.differences[column])
            shown = (money_text(side, row.currency) for side in sides)
            yield ("", "", "", "", name.replace("_", " "), *shown)


def _reason(one: Explained) -> tuple[object, ...]:
    place = (one.record_type, one.company_code, one.period, one.currency)
    return (*place, one.reason, one.count, money_text(one.amounts["amount"], one.currency))


def _in_currency(pair: tuple[str, Decimal]) -> str:
    return f"{money_text(pair[1], pair[0])} {pair[0]}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"


def _plain(value: Any) -> Any:
    """As JSON knows it; amounts are texts."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return f"{value:f}" if isinstance(value, Decimal) else value
