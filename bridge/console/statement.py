"""The statement of a run as a page that can be kept and printed: one file, no scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.resources import files

from bridge.console.pages import TEMPLATES
from bridge.domain.money import money_text
from bridge.domain.records import AMOUNT_COLUMNS, RecordType
from bridge.operations.breaks import AGES
from bridge.operations.statement import Distance, Statement

_CHART_WIDTH, _CHART_HEIGHT = 640, 160


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart, in the chart's own units."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: str


def render_statement(statement: Statement, *, now: datetime, version: str) -> str:
    """The statement as one HTML document, for a screen and for A4."""
    css = (files("bridge.console") / "static" / "statement.css").read_text(encoding="utf-8")
    return TEMPLATES.get_template("statement.html").render(
        statement=statement,
        now=now,
        version=version,
        css=css,
        ages=[name for _, name in AGES],
        fields=_fields,
        money=money_text,
        age_bars=_age_bars(statement),
        distance_charts=_distance_charts(statement.distances),
        chart=(_CHART_WIDTH, _CHART_HEIGHT),
    )


def _fields(record_type: RecordType) -> list[tuple[str, str]]:
    return [
        (column, name.replace("_", " ")) for column, name in AMOUNT_COLUMNS[record_type].items()
    ]


def _age_bars(statement: Statement) -> list[Bar]:
    counts = [
        (f"{name} days", sum(one.by_age.get(name, 0) for one in statement.breaks))
        for _, name in AGES
    ]
    return _bars([(label, Decimal(count), f"{count:,}") for label, count in counts])


def _distance_charts(distances: Sequence[Distance]) -> list[tuple[str, list[Bar]]]:
    currencies = sorted({one.currency for one in distances if one.amount})
    return [
        (
            currency,
            _bars(
                [
                    (f"run {one.run_id}", one.amount, money_text(one.amount, currency))
                    for one in distances
                    if one.currency == currency
                ]
            ),
        )
        for currency in currencies
    ]


def _bars(values: Sequence[tuple[str, Decimal, str]]) -> list[Bar]:
    greatest = max((value for _, value, _ in values), default=Decimal(0)) or Decimal(1)
    step = _CHART_WIDTH / max(len(values), 1)
    return [
        Bar(
            x=round(position * step + step * 0.15, 1),
            y=round(_CHART_HEIGHT * (1 - float(value / greatest)), 1),
            width=round(step * 0.7, 1),
            height=round(_CHART_HEIGHT * float(value / greatest), 1),
            label=label,
            value=shown,
        )
        for position, (label, value, shown) in enumerate(values)
    ]
