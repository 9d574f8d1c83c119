"""`erp-bridge salesforce`: whether the org is what the bridge needs."""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from bridge import BridgeError
from bridge.app import open_application, ready_application, utc_now
from bridge.commands.options import AS_JSON, FOLDER, SINCE
from bridge.commands.org_source import add_outbound_messages, write_org_source
from bridge.operations.notifications import NotificationsView, get_notifications_view
from bridge.salesforce import (
    LoginRefused,
    Mapping,
    Misfit,
    OrgReport,
    SalesforceClient,
    check_org,
)
from bridge.terminal import Terminal

_A_DAY, _LATE = timedelta(days=1), timedelta(hours=1)
_CLOCKS_APART = timedelta(seconds=60)  # beyond it, assertions of a JWT login may be refused


_ADVICE = {
    "invalid_client_id": "client_id is the consumer key of an External Client App of this org",
    "invalid_client": "the consumer secret is wrong",
    "invalid_grant": "the app's policies name a run-as user (client credentials), or admit the user"
    " beforehand (JWT); then username, audience and this machine's clock have to be right",
    "invalid_app_access": "the app's policies do not admit the user: assign it a permission set",
    "unsupported_grant_type": "the app does not have this flow switched on",
    "INVALID_LOGIN": "username, password or security token are wrong, or SOAP login is off",
}


class NoSession(BridgeError):
    """Salesforce does not let the bridge in; with what to look at."""


@click.group(name="salesforce")
def salesforce_group() -> None:
    """The Salesforce org."""


@salesforce_group.command()
@FOLDER
@AS_JSON
def check(folder: Path | None, as_json: bool) -> None:
    """Log in, and see whether the org has all that the mappings name.

    Exit 1 where it does not, or the clocks differ by more than a minute.
    """
    application = open_application(folder)
    with application.salesforce() as client, closing(Terminal()) as terminal:
        report = _report(client, list(application.mappings.values()))
        if as_json:
            terminal.json(_as_json(report))
        else:
            _show(terminal, report)
    if report.misfits or not _clocks_agree(report):
        sys.exit(1)


@salesforce_group.command("notifications")
@FOLDER
@SINCE
@AS_JSON
def notifications_command(folder: Path | None, since: datetime | None, as_json: bool) -> None:
    """Show what Salesforce told by outbound messages, and what was refused; of 24 hours, or TIME.

    Exit 1 where a notification waits for longer than an hour.
    """
    now = utc_now()
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        view = get_notifications_view(application.sessions, since=since or now - _A_DAY)
        if as_json:
            terminal.json(asdict(view))
        else:
            _show_notifications(terminal, view)
    if any(one.oldest_at < now - _LATE for one in view.waiting):
        sys.exit(1)


@salesforce_group.command()
@FOLDER
@click.argument("target", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--outbound-to", metavar="ENDPOINT", help="With outbound messages, sent there.")
@click.option("--outbound-as", metavar="USERNAME", help="The user of the org who sends them.")
def metadata(
    folder: Path | None, target: Path, outbound_to: str | None, outbound_as: str | None
) -> None:
    """Write the objects, fields and permission sets that the org needs into FOLDER.

    They are a project of Salesforce's tool `sf`: `sf project deploy start` puts them into an org.
    With outbound messages come flows that send them, as drafts: people activate them in Setup.
    """
    if bool(outbound_to) != bool(outbound_as):
        raise click.UsageError("--outbound-to and --outbound-as need each other")
    mappings = open_application(folder).mappings.values()
    write_org_source(target)
    if outbound_to and outbound_as:
        sobjects = dict.fromkeys(mapping.sobject for mapping in mappings)
        add_outbound_messages(target, sobjects, endpoint=outbound_to, username=outbound_as)
    click.echo(f"in {target}: sf project deploy start --target-org ORG")
    click.echo("then: sf org assign permset --name ERP_Bridge --on-behalf-of USER --target-org ORG")
    if outbound_to:
        click.echo("then activate the flows ERP Bridge, in Setup")


def _report(client: SalesforceClient, mappings: list[Mapping]) -> OrgReport:
    try:
        return check_org(client, mappings, now=utc_now)
    except LoginRefused as refusal:
        advice = _ADVICE.get(refusal.code)
        raise NoSession(f"{refusal} ({advice})" if advice else str(refusal)) from refusal


def _show(terminal: Terminal, report: OrgReport) -> None:
    for label, value in _facts(report):
        terminal.say(f"{label:<16} {value}")
    if not report.misfits:
        terminal.say("Every object, field and External ID of the mappings is there and fits.")
        return
    for title, grave in (("Nothing works with these", True), ("These cost values", False)):
        rows = [_cells(one) for one in report.misfits if one.grave is grave]
        if rows:
            terminal.table(title, ("mapping", "name", "problem", "what to do"), rows)


def _show_notifications(terminal: Terminal, view: NotificationsView) -> None:
    told = [
        (one.sobject, one.status, one.count, one.repeated, one.oldest_at)
        for one in view.notifications
    ]
    columns = ("record", "state", "#count", "#repeated", "oldest")
    terminal.table("Notifications", columns, told)
    calls = [(one.outcome, one.count, one.last_at, one.last_address) for one in view.calls]
    terminal.table("Messages", ("outcome", "#count", "last", "from"), calls)


def _facts(report: OrgReport) -> Iterator[tuple[str, str]]:
    user, limit = report.user, report.limit
    yield "org", f"{user.organization_name} ({user.organization_id})"
    yield "user", f"{user.full_name} ({user.username}, {user.user_id})"
    yield "API version", report.api_version
    yield "instance", report.instance
    if limit is not None:
        left = limit.limit - limit.current
        yield "calls left", f"{left:,} of {limit.limit:,} in 24 hours"
    seconds = report.clock_ahead.total_seconds()
    told = f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} Salesforce's"
    if not _clocks_agree(report):
        told += ": set this machine's clock, logins by JWT may be refused"
    yield "this clock", told


def _clocks_agree(report: OrgReport) -> bool:
    return abs(report.clock_ahead) <= _CLOCKS_APART


def _cells(misfit: Misfit) -> tuple[str, ...]:
    return misfit.place, misfit.name, misfit.problem, misfit.remedy


def _as_json(report: OrgReport) -> dict[str, Any]:
    plain = asdict(report)
    return {**plain, "clock_ahead": report.clock_ahead.total_seconds()}
