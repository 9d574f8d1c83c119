"""The command `erp-bridge feed`.

Exit code: 0 where every row is accepted or unchanged, 1 where some rows were rejected or a snapshot
could not be closed, 2 where the input cannot be used or the service cannot be reached (every
BridgeError, told by `bridge.cli`).
"""

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from bridge import BridgeError
from bridge.consumer import ServiceConsumer
from bridge.domain.records import RecordType
from bridge.feed.columns import load_columns
from bridge.feed.feeding import feed
from bridge.feed.report import FeedReport, render
from bridge.feed.source import UnusableFile
from bridge.terminal import Terminal
from bridge.wording import printable

SECRET_VARIABLE = "ERP_BRIDGE_CONSUMER_SECRET"  # noqa: S105 - the name, not the secret

_RECORD_TYPES = {
    "customers": RecordType.CUSTOMER,
    "invoices": RecordType.INVOICE,
    "payments": RecordType.PAYMENT,
    "credit-memos": RecordType.CREDIT_MEMO,
}
_FILE = click.Path(dir_okay=False, path_type=Path)


class NoSecret(BridgeError):
    """There is no secret to call the service with."""


def _instant(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is no instant, as in 2026-03-04T05:06 or 2026-03-04T05:06+01:00"
        raise click.BadParameter(message) from None


@click.command(name="feed")
@click.argument("file", type=_FILE)
@click.option("--as", "kind", type=click.Choice(list(_RECORD_TYPES)), required=True)
@click.option("--columns", type=_FILE, required=True, help="Which column holds which field: TOML.")
@click.option("--url", required=True, help="The bridge, as in http://127.0.0.1:8080.")
@click.option("--consumer", "name", required=True, help="The name to call the service by.")
@click.option(
    "--secret-file", type=_FILE, help=f"Holds the consumer's secret; else ${SECRET_VARIABLE} does."
)
@click.option("--rejects", type=_FILE, help="Write rejected rows there, to repair and feed again.")
@click.option(
    "--snapshot",
    is_flag=True,
    help="The file holds all records of its companies: conclude that what it lacks is gone.",
)
@click.option(
    "--as-of",
    metavar="TIME",
    callback=_instant,
    help="When they were selected, in UTC or with a zone; else when the file was written.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.pass_context
def feed_command(  # noqa: PLR0913 - one argument for each option of the command line
    context: click.Context,
    *,
    file: Path,
    kind: str,
    columns: Path,
    url: str,
    name: str,
    secret_file: Path | None,
    rejects: Path | None,
    snapshot: bool,
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """Send the rows of the CSV file FILE to the bridge, by SOAP like any ERP.

    Exit code 0: every row is accepted or unchanged. 1: some were rejected, or a snapshot could not
    be closed. 2: the columns file, the file or the credentials cannot be used, or the service
    cannot be reached.
    """
    if as_of and not snapshot:
        raise click.UsageError("--as-of belongs to --snapshot")
    terminal = Terminal()
    with closing(terminal), closing(ServiceConsumer(url, name, _secret(secret_file))) as erp:
        report = feed(
            file,
            columns=load_columns(columns, _RECORD_TYPES[kind]),
            consumer=erp,
            rejects=rejects,
            all_as_of=(as_of or _written_at(file)) if snapshot else None,
            progress=terminal,
        )
    if as_json:
        terminal.json(report_as_json(report))
    else:
        click.echo(printable(render(report), keep="\n\t"))
    context.exit(0 if report.complete else 1)


def report_as_json(report: FeedReport) -> dict[str, Any]:
    """The report as JSON knows it; exact amounts are texts."""
    return {**_plain(asdict(report)), "held": report.held}


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case Decimal():
            return f"{value:f}"
        case _:
            return value


def _written_at(file: Path) -> datetime:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError as error:
        raise UnusableFile(f"{file} cannot be read: {error.strerror}") from error


def _secret(file: Path | None) -> str:
    if file is None:
        secret = os.environ.get(SECRET_VARIABLE, "")
        missing = f"set {SECRET_VARIABLE} to the consumer's secret, or name a --secret-file"
    else:
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoSecret(f"{file} cannot be read: {error}") from error
        missing = f"{file} is empty: it must hold the consumer's secret"
    if not secret:
        raise NoSecret(missing)
    return secret
