"""`erp-bridge breaks`: see differences, give them to people, close them, take them along."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from bridge.app import Application, ready_application, utc_now
from bridge.commands.options import AS_JSON, BY, FOLDER, ID, PERSON, REASON, ROWS, words
from bridge.domain.causes import Cause
from bridge.domain.decisions import BreakKind
from bridge.domain.money import money_text
from bridge.domain.records import RecordType
from bridge.operations import closing as decisions
from bridge.operations.breaks import BreakHistory, BreakView, get_break, list_breaks
from bridge.operations.closing import Resolution, Take
from bridge.operations.overview import latest_totals
from bridge.terminal import Terminal
from bridge.wording import counted, in_utc
from jobs.reconcile import CUSTOMERS, FINANCIALS

F = TypeVar("F", bound=Callable[..., Any])

BREAK = click.argument("break_id", metavar="ID", type=ID)


@click.group(name="breaks")
def breaks_group() -> None:
    """Differences that someone must close."""


def _which(command: F) -> F:
    """Options that choose breaks."""
    choices = (
        click.option("--type", "record_type", type=click.Choice(RecordType, case_sensitive=False)),
        click.option("--kind", type=click.Choice(BreakKind, case_sensitive=False)),
        click.option("--cause", type=click.Choice(Cause, case_sensitive=False)),
        click.option("--assignee", help="Those that this person has."),
        click.option("--closed", is_flag=True, help="The closed ones instead of the open ones."),
    )
    for option in reversed(choices):
        command = option(command)
    return command


@breaks_group.command("list")
@FOLDER
@_which
@ROWS
@AS_JSON
def list_command(folder: Path | None, limit: int, as_json: bool, **which: Any) -> None:
    """List the open breaks, oldest first."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = list_breaks(application.sessions, **which)
        if as_json:
            terminal.json([break_as_json(one) for one in found])
            return
        columns = ("#id", "record", "kind", "field", "ERP", "Salesforce", "#amount", "cause")
        now = utc_now()
        rows = ((*_cells(one, now), _age(one, now), one.assignee) for one in found)
        title = "Closed breaks" if which["closed"] else "Open breaks"
        terminal.table(title, (*columns, "#days", "assignee"), rows, limit=limit)


@breaks_group.command()
@FOLDER
@BREAK
@AS_JSON
def show(folder: Path | None, break_id: int, as_json: bool) -> None:
    """Show one break and what was done with it."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        history = get_break(application.sessions, break_id=break_id)
        if as_json:
            notes = [asdict(note) for note in history.notes]
            terminal.json({**break_as_json(history.found), "notes": notes})
        else:
            for line in _told(history):
                terminal.say(line)


@breaks_group.command()
@FOLDER
@BREAK
@click.argument("assignee", required=False, type=PERSON)
@click.option("--nobody", is_flag=True, help="Take it from whoever has it.")
@BY
def assign(folder: Path | None, break_id: int, assignee: str | None, nobody: bool, by: str) -> None:
    """Give a break to ASSIGNEE."""
    if (assignee is None) is not nobody:
        raise click.UsageError("name one person, or --nobody")
    with _desk(folder) as (application, common):
        decisions.assign_break(
            application.sessions, break_id=break_id, assignee=assignee, by=by, **common
        )
    click.echo(f"break {break_id} is {f'with {assignee}' if assignee else 'with nobody'}")


@breaks_group.command()
@FOLDER
@BREAK
@click.argument("text", type=words(2_000))
@BY
def comment(folder: Path | None, break_id: int, text: str, by: str) -> None:
    """Say something of a break."""
    with _desk(folder) as (application, common):
        decisions.comment_break(application.sessions, break_id=break_id, text=text, by=by, **common)


@breaks_group.command()
@FOLDER
@BREAK
@click.option("--take", type=click.Choice(["erp", "crm"]), help="Whose value both take.")
@click.option("--value", help="Another value that both take; an empty one clears the field.")
@click.option("--accept", is_flag=True, help="Leave the difference as it is.")
@REASON
@BY
def resolve(
    folder: Path | None,
    *,
    break_id: int,
    take: str | None,
    value: str | None,
    accept: bool,
    reason: str,
    by: str,
) -> None:
    """Decide a break; the next reconciliation sends what follows from it."""
    if [take is not None, value is not None, accept].count(True) != 1:
        raise click.UsageError("say one of --take, --value and --accept")
    how = Take(take.upper()) if take else Take.NEITHER if accept else Take.VALUE
    with _desk(folder) as (application, common):
        done = decisions.resolve_break(
            application.sessions,
            break_id=break_id,
            resolution=Resolution(how, reason, value),
            by=by,
            closed=application.rules[RecordType.INVOICE].closed,
            **common,
        )
    more = "closed" if done else "accepted; a second person has to approve it"
    click.echo(f"break {break_id} is {more}")


@breaks_group.command()
@FOLDER
@BREAK
@BY
def approve(folder: Path | None, break_id: int, by: str) -> None:
    """Agree, as the second person, to a difference that another accepted."""
    with _desk(folder) as (application, common):
        decisions.approve_break(application.sessions, break_id=break_id, by=by, **common)
    click.echo(f"break {break_id} is closed")


@breaks_group.command()
@FOLDER
@BREAK
@REASON
@BY
def reopen(folder: Path | None, break_id: int, reason: str, by: str) -> None:
    """Take a decision back; the next reconciliation shows the difference again."""
    with _desk(folder) as (application, common):
        decisions.reopen_break(
            application.sessions, break_id=break_id, reason=reason, by=by, **common
        )
    click.echo(f"the decision on break {break_id} is taken back")


@breaks_group.command()
@FOLDER
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_which
def export(folder: Path | None, file: Path, **which: Any) -> None:
    """Write breaks to FILE: .xlsx (with totals, aging, a sheet per kind), .csv or .json."""
    # It takes openpyxl, which takes a tenth of the time that all of the bridge takes to import.
    from bridge.commands.breaks_export import write_export  # noqa: PLC0415

    with ready_application(folder) as application:
        found = list_breaks(application.sessions, **which)
        totals = latest_totals(application.sessions, jobs=(CUSTOMERS, FINANCIALS))
        write_export(file, found, totals, now=utc_now())
    click.echo(f"{counted(len(found), 'break is', 'breaks are')} in {file}")


def break_as_json(one: BreakView) -> dict[str, Any]:
    """A break as JSON knows it; amounts are texts."""
    key = str(one.key) if one.key else None
    amount = None if one.amount is None else f"{one.amount:f}"
    return {**asdict(one), "key": key, "amount": amount}


@contextmanager
def _desk(folder: Path | None) -> Iterator[tuple[Application, dict[str, Any]]]:
    with ready_application(folder) as application:
        yield application, {"settings": application.settings.breaks, "now": utc_now()}


def _cells(one: BreakView, now: datetime) -> tuple[object, ...]:
    cause = f"{one.cause}: {one.evidence}" if one.evidence else str(one.cause)
    if one.waits(now):
        cause += " (not counted yet)"
    return (one.id, _record(one), one.kind, one.field, one.erp, one.crm, _money(one), cause)


def _money(one: BreakView) -> str | None:
    if one.amount is None or one.currency is None:
        return None
    return f"{money_text(one.amount, one.currency)} {one.currency}"


def _record(one: BreakView) -> str:
    return f"{one.record_type} {one.key or one.salesforce_id}"


def _age(one: BreakView, now: datetime) -> int:
    return ((one.closed_at or now) - one.opened_at).days


def _told(history: BreakHistory) -> Iterator[str]:
    one = history.found
    state = f"{one.status}" if one.resolution is None else f"{one.status}, {one.resolution}"
    yield f"break {one.id}: {_record(one)}, {one.kind} {one.field}".rstrip()
    yield f"  {one.detail}"
    yield f"  ERP:        {_or_none(one.erp)}"
    yield f"  Salesforce: {_or_none(one.crm)}"
    if amount := _money(one):
        yield f"  amount:     {amount}"
    yield f"  cause:      {one.cause} {one.evidence}".rstrip()
    yield f"  state:      {state}, since {in_utc(one.opened_at)}"
    if one.counts_from is not None:
        yield f"  counts:     from {in_utc(one.counts_from)} on"
    yield f"  assignee:   {_or_none(one.assignee)}"
    if history.awaiting_approval_of:
        yield f"  {history.awaiting_approval_of} accepted it: a second person has to approve"
    for note in history.notes:
        yield f"  {in_utc(note.at)} {note.author}: {note.text}"


def _or_none(text: str | None) -> str:
    return "-" if text is None else text
