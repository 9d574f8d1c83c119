"""How a file writes numbers and dates, and reading them exactly. No float anywhere."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from bridge import BridgeError


class BadNumber(BridgeError):
    """A text that is no number as the columns file says numbers are written."""


class BadDate(BridgeError):
    """A text that is no date as the columns file says dates are written."""


class BadDateFormat(BridgeError):
    """A date format with a directive that is not supported, or without year, month and day."""


def number_reader(decimal: str, thousands: str | None) -> Callable[[str], Decimal]:
    """A function that reads `1.234,50`, `-7` and `7-` exactly; it raises BadNumber.

    `decimal` divides the fraction, `thousands` may group digits by three, and must do so throughout
    where it does at all. A minus may trail, as ERPs of the seventies still write it. Exponents and
    a leading or trailing decimal separator are refused.
    """
    grouped = f"[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+|" if thousands else ""
    pattern = re.compile(
        f"(?P<sign>[+-]?)(?P<whole>{grouped}[0-9]+)(?:{re.escape(decimal)}(?P<part>[0-9]+))?"
        "(?P<trailing>-?)"
    )

    def read_number(text: str) -> Decimal:
        match = pattern.fullmatch(text)
        if match is None or (match["sign"] and match["trailing"]):
            raise BadNumber(f"{_shown(text)} is no number written with {decimal!r} for decimals")
        whole = match["whole"].replace(thousands, "") if thousands else match["whole"]
        sign = "-" if "-" in (match["sign"], match["trailing"]) else ""
        return Decimal(f"{sign}{whole}.{match['part']}" if match["part"] else sign + whole)

    return read_number


def date_reader(date_format: str) -> Callable[[str], date]:
    """A function that reads dates by a format such as `%d.%m.%Y`; it raises BadDate.

    Directives: %Y %y %m %d, and %H %M %S, whose time is read past. Day and month may lack their
    leading zero where a separator follows or precedes both, never in a run of digits: 2018115
    could be two days. %y means 1969 to 2068, as in POSIX strptime. Raises BadDateFormat.
    """
    pattern = _date_pattern(date_format)

    def read_date(text: str) -> date:
        match = pattern.fullmatch(text)
        if match is None:
            raise BadDate(f"{_shown(text)} is no date written as {date_format}")
        try:
            return date(_year(match), int(match["m"]), int(match["d"]))
        except ValueError as error:
            raise BadDate(f"{_shown(text)} is no day of the calendar") from error

    return read_date


def _date_pattern(date_format: str) -> re.Pattern[str]:
    parts = re.findall(r"%.|[^%]+|%", date_format, flags=re.DOTALL)
    names = [part[1:] for part in parts if part.startswith("%")]
    if unknown := [name for name in names if name not in _DIGITS]:
        supported = " ".join(f"%{name}" for name in _DIGITS)
        raise BadDateFormat(f"%{unknown[0]} in {date_format!r} is not supported; use {supported}")
    years = names.count("Y") + names.count("y")
    if years != 1 or names.count("m") != 1 or names.count("d") != 1:
        raise BadDateFormat(f"{date_format!r} must hold the year (%Y or %y), %m and %d, once each")
    if len(set(names)) < len(names):
        raise BadDateFormat(f"{date_format!r} holds a directive twice")
    run = re.search(r"%.%", date_format) or re.search(r"%.[0-9]|[0-9]%", date_format)
    digits = _DIGITS if run else _DIGITS | {"m": "[0-9]{1,2}", "d": "[0-9]{1,2}"}
    return re.compile(
        "".join(
            f"(?P<{part[1:]}>{digits[part[1:]]})" if part.startswith("%") else re.escape(part)
            for part in parts
        )
    )


def _year(match: re.Match[str]) -> int:
    groups = match.groupdict()
    if "Y" in groups:
        return int(groups["Y"])
    short = int(groups["y"])
    return short + (2000 if short <= 68 else 1900)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


_TWO = "[0-9]{2}"
_DIGITS = {"Y": "[0-9]{4}", "y": _TWO, "m": _TWO, "d": _TWO, "H": _TWO, "M": _TWO, "S": _TWO}
