"""The command `erp-bridge`: for operators and admins.

Exit codes: 0 done, 1 done but not well (a run failed, records were rejected), 2 cannot be done as
asked (wrong usage, unusable settings or input), with one line that says why.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from bridge import __version__
from bridge.app import Application, open_application, ready_application, utc_now
from bridge.commands.aging import aging_command
from bridge.commands.audit import audit_group
from bridge.commands.balances import balances_command
from bridge.commands.breaks import breaks_group
from bridge.commands.calls import calls_group
from bridge.commands.consumers import consumers_group
from bridge.commands.links import links_group
from bridge.commands.options import AS_JSON, BY, FOLDER, ID, ROWS
from bridge.commands.payments import payments_group
from bridge.commands.runs import runs_group
from bridge.commands.salesforce import salesforce_group
from bridge.commands.sandbox import sandbox_command
from bridge.commands.snapshots import snapshots_group
from bridge.demo.command import demo_command
from bridge.feed.command import feed_command
from bridge.one_line import OneLineErrors
from bridge.operations.overview import (
    get_overview,
    list_dead_letters,
    replay_dead_letter,
)
from bridge.server import serve_application
from bridge.store.engine import upgrade_schema
from bridge.store.failures import reason_of
from bridge.store.models import RunStatus
from bridge.terminal import Terminal, report_as_json
from bridge.wsdl.command import wsdl_group
from jobs.schedule import JOBS, run_now


class WholeCommand(OneLineErrors):
    """All commands; most of them need the database."""

    def told(self, error: Exception) -> str | None:
        """What is said of an error."""
        if isinstance(error, SQLAlchemyError):
            return f"the database failed: {reason_of(error)}"
        return super().told(error)


@click.group(cls=WholeCommand)
@click.version_option(__version__, prog_name="erp-bridge")
def main() -> None:
    """Carries and reconciles records between legacy SOAP ERPs and Salesforce."""


@main.command()
@FOLDER
@click.option("--without-jobs", is_flag=True, help="Serve only; the jobs run elsewhere.")
def serve(folder: Path | None, without_jobs: bool) -> None:
    """Serve SOAP and the console, and run the jobs by their schedule."""
    with ready_application(folder) as application:
        serve_application(application, with_jobs=not without_jobs)


@main.group()
def db() -> None:
    """The database's schema."""


@db.command()
@FOLDER
def upgrade(folder: Path | None) -> None:
    """Migrate the database to this version's schema."""
    application = open_application(folder)
    upgrade_schema(application.engine)
    application.prepare_database()
    click.echo("the schema is up to date")


@main.group()
def job() -> None:
    """The scheduled jobs."""


@job.command("list")
@FOLDER
def show_jobs(folder: Path | None) -> None:
    """List the jobs and how often they run."""
    schedule = open_application(folder).settings.schedule
    with _terminal() as terminal:
        rows = (
            (one.name, one.purpose, getattr(schedule, one.interval) or "by hand")
            for one in JOBS.values()
        )
        terminal.table("Jobs", ("job", "what it does", "#every (s)"), rows)


@job.command()
@FOLDER
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would be done.")
@click.option("--force", is_flag=True, help="Run what was refused; for fetch: read everything.")
@click.option("--reason", default="", help="Why it is forced; kept with the run.")
@AS_JSON
def run(
    folder: Path | None, *, name: str, dry_run: bool, force: bool, reason: str, as_json: bool
) -> None:
    """Run the job NAME now, in this process. Exit 1 where it is not all well.

    It does not succeed, a delivery fails, or control totals differ without a reason.
    """
    if force and not (dry_run or reason.strip()):
        raise click.UsageError("--force takes a --reason: it is kept with the run")
    with ready_application(folder) as application, _terminal() as terminal:
        context = application.job_context(terminal)
        with _terminated_as_by_ctrl_c():
            report = run_now(context, name, dry_run=dry_run, force=force, reason=reason)
        terminal.close()
        if as_json:
            terminal.json(report_as_json(report))
        else:
            terminal.run(report)
    if report.status is not RunStatus.SUCCEEDED or any(
        report.summary.get(bad) for bad in ("dead", "unexplained")
    ):
        sys.exit(1)


@contextmanager
def _terminated_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM, too, lets a run say that it was stopped."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@job.command()
@FOLDER
@AS_JSON
def status(folder: Path | None, as_json: bool) -> None:
    """Show each job's last run, and what is open."""
    with ready_application(folder) as application, _terminal() as terminal:
        _show_status(application, terminal, as_json)


def _show_status(application: Application, terminal: Terminal, as_json: bool) -> None:
    overview = get_overview(application.sessions, jobs=tuple(JOBS), now=utc_now())
    breaks = [(str(of), str(kind), n) for (of, kind), n in overview.open_breaks.items()]
    outbox = [(str(to), str(state), n) for (to, state), n in overview.corrections.items()]
    runs = [
        (one.job, one.status and str(one.status), one.started_at, one.finished_at, one.error)
        for one in overview.jobs
    ]
    run_columns = ("job", "status", "started", "finished", "error")
    if as_json:
        terminal.json(
            {
                "jobs": [dict(zip(run_columns, row, strict=True)) for row in runs],
                "open_breaks": [
                    dict(zip(("record_type", "kind", "count"), row, strict=True)) for row in breaks
                ],
                "breaks_not_counted_yet": overview.breaks_not_counted_yet,
                "corrections": [
                    dict(zip(("target", "status", "count"), row, strict=True)) for row in outbox
                ],
            }
        )
        return
    terminal.table("Last runs", run_columns, runs)
    terminal.table("Open breaks", ("record type", "kind", "#count"), breaks)
    if overview.breaks_not_counted_yet:
        terminal.say(f"{overview.breaks_not_counted_yet} more do not count yet")
    terminal.table("Corrections", ("for", "status", "#count"), outbox)


@main.group()
def outbox() -> None:
    """Corrections that could not be delivered."""


@outbox.command("list")
@FOLDER
@ROWS
def show_dead_letters(folder: Path | None, limit: int) -> None:
    """List the dead letters, newest first."""
    with ready_application(folder) as application, _terminal() as terminal:
        rows = (
            (one.id, one.key.record_type, one.key, ", ".join(one.fields), one.attempts, one.error)
            for one in list_dead_letters(application.sessions)
        )
        columns = ("id", "record type", "key", "fields", "#attempts", "error")
        terminal.table("Dead letters", columns, rows, limit=limit)


@outbox.command()
@FOLDER
@click.argument("letter_id", type=ID)
@BY
def replay(folder: Path | None, letter_id: int, by: str) -> None:
    """Make a dead letter due again; the next relay sends it."""
    with ready_application(folder) as application:
        replay_dead_letter(application.sessions, letter_id=letter_id, by=by, now=utc_now())
    click.echo(f"dead letter {letter_id} is due again")


main.add_command(aging_command)
main.add_command(balances_command)
main.add_command(audit_group)
main.add_command(breaks_group)
main.add_command(calls_group)
main.add_command(consumers_group)
main.add_command(demo_command)
main.add_command(feed_command)
main.add_command(links_group)
main.add_command(payments_group)
main.add_command(runs_group)
main.add_command(salesforce_group)
main.add_command(sandbox_command)
main.add_command(snapshots_group)
main.add_command(wsdl_group)


@contextmanager
def _terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    try:
        yield terminal
    finally:
        terminal.close()
