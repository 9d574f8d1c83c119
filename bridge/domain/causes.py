"""Why a break came about, as far as the records themselves tell, and what it is worth.

A guess with its evidence, for the person who closes the break; nothing is decided by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import SequenceMatcher
from enum import StrEnum

from bridge.domain.decisions import DELETED, Break, BreakKind, Version, Versions
from bridge.domain.money import minor_units, trimmed
from bridge.domain.records import (
    AMOUNT_COLUMNS,
    RECORD_CLASSES,
    Field,
    Kind,
    RecordType,
    Value,
    fields_of,
)
from bridge.wording import counted


class Cause(StrEnum):
    """What most likely made a difference."""

    TIMING = "TIMING"  # one side is only late
    ROUNDING = "ROUNDING"  # a few of the currency's smallest units
    FX = "FX"  # different currencies
    MISSING = "MISSING"
    DUPLICATE = "DUPLICATE"  # the record stands there under another number
    STATUS = "STATUS"
    KEYING = "KEYING"  # a slip of the one who typed it
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a break beside the two values.

    `amount` is ERP less CRM in `currency`: the difference of an amount, or the whole of a document
    that one side lacks or holds in another currency; None where no money is involved. A side that
    is only late is waited for: until `counts_from` the break does not count.
    """

    cause: Cause
    evidence: str
    amount: Decimal | None = None
    currency: str | None = None
    counts_from: datetime | None = None


UNASSESSED = Assessment(Cause.UNKNOWN, "")


def assess(
    found: Break,
    versions: Versions,
    record_type: RecordType,
    *,
    now: datetime,
    timing: timedelta,
    opened_at: datetime | None = None,
    twins: Sequence[str] = (),
) -> Assessment:
    """Why this break is there, and what it is worth.

    `timing` is how long one side may be late; what has changed since the break was `opened_at` is
    no newer for that. `twins` are the keys of other records that look like this one: same
    customer, currency and amount.
    """
    arrived = _arrived(found, versions, opened_at)
    if found.field and found.kind is not BreakKind.CUSTOMER_UNKNOWN:
        field = fields_of(RECORD_CLASSES[record_type])[found.field]
        cause, evidence = _cause_of_values(field, found, versions)
    else:
        is_new = _is_new(found, versions, arrived, now - timing)
        cause, evidence = _cause_of_record(found, versions, timing, twins, is_new=is_new)
    amount, currency = worth(found, versions, record_type)
    is_late = cause is Cause.TIMING and found.kind in _MAY_BE_LATE
    counts_from = arrived + timing if is_late and arrived is not None else None
    return Assessment(cause, evidence, amount, currency, counts_from)


def worth(
    found: Break, versions: Versions, record_type: RecordType
) -> tuple[Decimal | None, str | None]:
    """What a break is worth, and in which currency (`Assessment.amount`)."""
    amount = _amount(found, versions, record_type)
    return amount, _currency(versions) if amount is not None else None


def _cause_of_record(
    found: Break,
    versions: Versions,
    timing: timedelta,
    twins: Sequence[str],
    *,
    is_new: bool,
) -> tuple[Cause, str]:
    match found.kind:
        case BreakKind.MISSING_IN_ERP if twins:
            return Cause.DUPLICATE, f"looks like {', '.join(twins[:3])}"
        case BreakKind.MISSING_IN_ERP | BreakKind.CUSTOMER_UNKNOWN if is_new:
            return Cause.TIMING, f"newer than {counted(timing.days, 'day')}"
        case (
            BreakKind.MISSING_IN_ERP
            | BreakKind.MISSING_IN_CRM
            | BreakKind.CUSTOMER_UNKNOWN
            | BreakKind.PERIOD_CLOSED
        ):
            return Cause.MISSING, ""
        case BreakKind.DELETED_AND_EDITED:
            return Cause.MISSING, str(found.crm if found.erp == DELETED else found.erp)
        case BreakKind.MERGED_IN_CRM | BreakKind.DUPLICATE_IN_CRM | BreakKind.LINK_SUGGESTED:
            return Cause.DUPLICATE, f"looks like {versions.merged_into or found.crm}"
        case _:
            return Cause.KEYING, "the key was changed in Salesforce"


def _is_new(found: Break, versions: Versions, arrived: datetime | None, since: datetime) -> bool:
    """Gone is not late: only what one side has never had may still come."""
    never_came = found.kind is BreakKind.CUSTOMER_UNKNOWN or versions.erp is None
    return never_came and arrived is not None and arrived > since


def _arrived(found: Break, versions: Versions, opened_at: datetime | None) -> datetime | None:
    """Since when a record waits for its other side, or for its customer."""
    waits_for_customer = found.kind is BreakKind.CUSTOMER_UNKNOWN
    there = versions.erp if waits_for_customer else versions.crm
    return None if there is None else min(there.modified_at, opened_at or there.modified_at)


def _cause_of_values(field: Field, found: Break, versions: Versions) -> tuple[Cause, str]:
    erp, crm = found.erp, found.crm
    if erp is None or crm is None:
        return Cause.MISSING, "one side holds no value"
    match field.kind:
        case Kind.CODE:
            return Cause.STATUS, f"{erp} and {crm}"
        case Kind.CURRENCY:
            return _cause_of_currencies(str(erp), str(crm), versions)
        case Kind.MONEY | Kind.AMOUNT if isinstance(erp, Decimal) and isinstance(crm, Decimal):
            return _cause_of_amounts(erp, crm, versions)
        case Kind.DATE if isinstance(erp, date) and isinstance(crm, date):
            return _cause_of_dates(erp, crm)
        case _:
            return _cause_of_texts(str(erp), str(crm))


def _cause_of_amounts(erp: Decimal, crm: Decimal, versions: Versions) -> tuple[Cause, str]:
    ours, theirs = (str(_field_of(side, "currency")) for side in (versions.erp, versions.crm))
    if ours != theirs:
        return _cause_of_currencies(ours, theirs, versions)
    unit = _unit_of(ours)
    if abs(erp - crm) <= _ROUNDED_UNITS * unit:
        return Cause.ROUNDING, f"differs by {trimmed(abs(erp - crm))}"
    if erp == -crm:
        return Cause.KEYING, "the sign"
    rate, pairs = _rate(versions)
    if rate is not None and pairs > 1:
        return Cause.FX, f"each of {pairs} amounts is {_rounded(rate)} times the ERP's"
    if slip := _slip(_digits(erp, unit), _digits(crm, unit)):
        return Cause.KEYING, slip
    return Cause.UNKNOWN, ""


def _cause_of_currencies(erp: str, crm: str, versions: Versions) -> tuple[Cause, str]:
    rate, pairs = _rate(versions)
    if rate is not None:
        return Cause.FX, f"in {erp} and {crm}, at {_rounded(rate)} {crm} for one {erp}"
    if pairs and all(one == other for one, other in _amount_pairs(versions)):
        return Cause.FX, f"the same amounts in {erp} and {crm}"
    return Cause.FX, f"in {erp} and {crm}"


def _rate(versions: Versions) -> tuple[Decimal | None, int]:
    """The rate by which all amounts of the CRM are the ERP's, and how many pairs there are.

    None where there is none, or where it is 1, a power of ten or less than nothing: no such rates
    are quoted.
    """
    pairs = _amount_pairs(versions)
    if not pairs:
        return None, 0
    erp, crm = max(pairs, key=lambda pair: abs(pair[0]))
    rate = crm / erp
    unit = _unit_of(str(_field_of(versions.crm, "currency")))
    is_common = all(abs(one * rate - other) <= unit for one, other in pairs)
    is_quoted = rate > 0 and rate.log10() != rate.log10().to_integral_value()
    return (rate if is_common and is_quoted else None), len(pairs)


def _amount_pairs(versions: Versions) -> list[tuple[Decimal, Decimal]]:
    """The amounts that both sides hold, zeros aside."""
    found = []
    for name in ("gross_amount", "net_amount", "tax_amount", "amount", "credit_limit"):
        erp, crm = _field_of(versions.erp, name), _field_of(versions.crm, name)
        if isinstance(erp, Decimal) and isinstance(crm, Decimal) and erp and crm:
            found.append((erp, crm))
    return found


def _rounded(rate: Decimal) -> str:
    return f"{rate.quantize(_RATE_STEP):f}"


def _unit_of(currency: str) -> Decimal:
    return Decimal(1).scaleb(-(minor_units(currency) or 0))


def _digits(amount: Decimal, unit: Decimal) -> str:
    return str(int(abs(amount) / unit))


def _slip(one: str, other: str) -> str | None:
    """What a hurried hand does to a number."""
    if len(one) != len(other):
        short, long = sorted((one, other), key=len)
        return "a power of ten" if long == short + "0" * (len(long) - len(short)) else None
    wrong = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(wrong) == 1:
        return "one digit"
    swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1
    if swapped and one[wrong[0]] == other[wrong[1]] and one[wrong[1]] == other[wrong[0]]:
        return "two digits changed places"
    return None


def _cause_of_dates(erp: date, crm: date) -> tuple[Cause, str]:
    if (erp.year, erp.month, erp.day) == (crm.year, crm.day, crm.month):
        return Cause.KEYING, "day and month changed places"
    if (erp.month, erp.day) == (crm.month, crm.day):
        return Cause.KEYING, "another year"
    if abs((erp - crm).days) <= _CLOSE_DAYS:
        return Cause.TIMING, f"{counted(abs((erp - crm).days), 'day')} apart"
    return Cause.UNKNOWN, ""


def _cause_of_texts(erp: str, crm: str) -> tuple[Cause, str]:
    likeness = SequenceMatcher(None, erp.casefold(), crm.casefold(), autojunk=False).ratio()
    if likeness >= _SLIP_LIKENESS:
        return Cause.KEYING, f"{likeness:.0%} alike"
    return Cause.UNKNOWN, ""


def _amount(found: Break, versions: Versions, record_type: RecordType) -> Decimal | None:
    if found.field not in ("", "currency"):
        return _difference(found.erp, found.crm)
    if record_type is RecordType.CUSTOMER:
        return None
    column = AMOUNT_COLUMNS[record_type]["amount"]
    if found.kind is BreakKind.KEY_MISMATCH:
        return _difference(_field_of(versions.erp, column), _field_of(versions.crm, column))
    if found.kind is BreakKind.DUPLICATE_IN_CRM and versions.crm is not None:
        return None
    if found.kind is BreakKind.MISSING_IN_ERP or found.erp == DELETED:
        return _difference(None, _field_of(versions.crm, column))
    return _difference(_field_of(versions.erp, column), None)


def _difference(erp: Value | None, crm: Value | None) -> Decimal | None:
    """ERP less CRM; a side without the amount counts as zero. None where it is no amount."""
    if not isinstance(erp, Decimal) and not isinstance(crm, Decimal):
        return None
    one, other = (part if isinstance(part, Decimal) else Decimal(0) for part in (erp, crm))
    return one - other


def _currency(versions: Versions) -> str | None:
    for side in (versions.erp, versions.crm):
        if side is not None and (currency := side.values.get("currency")):
            return str(currency)
    return None


def _field_of(side: Version | None, name: str) -> Value | None:
    return None if side is None else side.values.get(name)


_RATE_STEP = Decimal("0.0001")
_MAY_BE_LATE = (BreakKind.MISSING_IN_ERP, BreakKind.CUSTOMER_UNKNOWN)
_ROUNDED_UNITS = 5
"""Differences of up to so many smallest units come from rounding lines or taxes one by one."""
_CLOSE_DAYS = 5
"""Booked on one side before a weekend, on the other after it."""
_SLIP_LIKENESS = 0.8
