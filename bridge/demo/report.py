"""What the demonstration found, for people and for machines."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from bridge.demo.story import Told
from bridge.domain.money import money_text
from bridge.domain.records import AMOUNT_COLUMNS, RecordType
from bridge.terminal import Terminal
from bridge.wording import counted


def show(terminal: Terminal, told: Told) -> None:
    """Prints the figures, the control totals of both sides, and the open breaks."""
    terminal.say("")
    terminal.table(
        "What the planted drift demands, and what the bridge did",
        ("figure", "#expected", "#found", ""),
        [
            (one.name, one.expected, one.found, "ok" if one.right else "WRONG")
            for one in told.figures
        ],
    )
    terminal.table(
        "Control totals; the open breaks below explain every difference",
        ("record", "currency", "", "#ERP", "#Salesforce", "#difference"),
        [row for line in told.totals for row in _totals(line)],
    )
    terminal.table(
        "Open breaks: differences that a person has to close",
        ("record", "key", "kind", "field", "ERP", "Salesforce", ""),
        [
            (
                one.record_type,
                one.key or one.salesforce_id,
                one.kind,
                one.field,
                one.erp,
                one.crm,
                one.detail,
            )
            for one in told.breaks
        ],
    )
    wrong = sum(not one.right for one in told.figures)
    badly = f"{counted(wrong, 'figure is', 'figures are')} WRONG."
    terminal.say(badly if wrong else "Every figure is what it must be.")


def as_json(told: Told) -> dict[str, Any]:
    """The same as one JSON-able object; amounts are texts, exact."""
    return {
        "ok": told.right,
        "figures": [{**asdict(one), "right": one.right} for one in told.figures],
        "totals": told.totals,
        "open_breaks": [
            {
                "record_type": one.record_type,
                "key": str(one.key) if one.key else None,
                "salesforce_id": one.salesforce_id,
                "kind": one.kind,
                "field": one.field or None,
                "erp": one.erp,
                "crm": one.crm,
                "detail": one.detail,
            }
            for one in told.breaks
        ],
        "planted": [one.story for one in told.planted],
    }


def _totals(line: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The rows of one record type and currency: how many, and each amount by its field's name."""
    record_type, currency = RecordType(line["record_type"]), line["currency"]
    sides = [line[side] for side in ("erp", "crm", "difference")]
    yield record_type, currency, "count", *(f"{side['count']:,}" for side in sides)
    for column, field in AMOUNT_COLUMNS[record_type].items():
        amounts = (money_text(Decimal(side[column]), currency) for side in sides)
        yield record_type, currency, field.replace("_", " "), *amounts
