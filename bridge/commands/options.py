"""What several commands take."""

import getpass
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bridge.app import utc_now
from bridge.settings import FOLDER_VARIABLE
from bridge.wording import counted


def words(most: int) -> Callable[[str], str]:
    """A type of options: a text of 1 to `most` characters that print, no blanks at its ends."""

    def text(value: str) -> str:
        value = value.strip()
        if not value:
            raise click.BadParameter("it says nothing")
        if len(value) > most:
            raise click.BadParameter(f"{counted(len(value), 'character')}; {most:,} are allowed")
        if not value.isprintable():
            raise click.BadParameter(f"{value!r} has characters that do not print")
        return value

    return text


def hours(_context: click.Context, _option: click.Parameter, number: float) -> timedelta:
    """What a number of hours becomes; a range lets `nan` through."""
    if math.isnan(number):
        raise click.BadParameter("nan is no number of hours")
    return timedelta(hours=number)


PERSON = words(80)
ID = click.IntRange(1, 2**63 - 1)
LIMIT = click.IntRange(1, 100_000)
ROWS = click.option(
    "--limit", type=LIMIT, default=200, show_default=True, help="At most so many rows of the table."
)

_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _instant(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> datetime | None:
    """A time in UTC, or one so many minutes, hours or days ago."""
    if text is None:
        return None
    try:
        if ago := _AGO.fullmatch(text):
            return utc_now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is none of 30m, 12h, 7d, 2026-03-04, 2026-03-04T05:06"
        raise click.BadParameter(message) from None


FOLDER = click.option(
    "--config",
    "folder",
    envvar=FOLDER_VARIABLE,
    type=click.Path(path_type=Path),
    help="Folder with your bridge.toml, survivorship.toml and mapping/.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
BY = click.option(
    "--by",
    type=PERSON,
    default=getpass.getuser,
    show_default="your login name",
    help="Who does this.",
)
SINCE = click.option(
    "--since", metavar="TIME", callback=_instant, help="A time in UTC, or as in 30m, 12h, 7d."
)
REASON = click.option("--reason", required=True, type=words(2_000), help="Why; it is kept.")
