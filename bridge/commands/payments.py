"""`erp-bridge payments`: what came in and what it settles."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from bridge.app import ready_application
from bridge.commands.options import AS_JSON, FOLDER, ROWS
from bridge.domain.money import from_scaled, money_text
from bridge.domain.settling import Certainty, OpenItem
from bridge.operations.settling import CustomerSettlement, suggest_settlements
from bridge.terminal import Terminal


@click.group(name="payments")
def payments_group() -> None:
    """Payments and what they settle."""


@payments_group.command()
@FOLDER
@click.option("--company", "company_code", help="This company alone.")
@click.option("--customer", "customer_number", help="This customer alone.")
@ROWS
@AS_JSON
def suggest(
    folder: Path | None,
    company_code: str | None,
    customer_number: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show which open payments settle which open invoices, by exact amounts.

    UNIQUE: none of these items has any other possibility. AMBIGUOUS: there are several, one is
    shown. OPEN: there are too many to look at. Nothing is changed.
    """
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = list(
            suggest_settlements(
                application.sessions, company_code=company_code, customer_number=customer_number
            )
        )
        if as_json:
            terminal.json([_as_json(one) for one in found])
            return
        columns = ("company", "customer", "payments", "invoices", "#amount", "certainty")
        rows = map(_cells, found)
        terminal.table("Payments and what they settle", columns, rows, limit=limit)
        counts = Counter(one.settlement.certainty for one in found)
        said = ", ".join(f"{counts[certainty]} {certainty}" for certainty in Certainty)
        terminal.say(said)


def _cells(one: CustomerSettlement) -> tuple[object, ...]:
    settlement = one.settlement
    amount = from_scaled(sum(item.amount for item in settlement.payments))
    shown = f"{money_text(amount, one.currency)} {one.currency}"
    sides = (_keys(settlement.payments), _keys(settlement.invoices))
    return (one.company_code, one.customer_number, *sides, shown, settlement.certainty)


def _keys(items: tuple[OpenItem, ...]) -> str:
    more = [f"and {len(items) - _MOST_KEYS:,} more"] if len(items) > _MOST_KEYS else []
    return ", ".join([*(item.key for item in items[:_MOST_KEYS]), *more])


def _as_json(one: CustomerSettlement) -> dict[str, Any]:
    def side(items: tuple[OpenItem, ...]) -> list[dict[str, str]]:
        return [{"number": it.key, "amount": f"{from_scaled(it.amount):f}"} for it in items]

    return {
        "company_code": one.company_code,
        "currency": one.currency,
        "customer_number": one.customer_number,
        "payments": side(one.settlement.payments),
        "invoices": side(one.settlement.invoices),
        "certainty": str(one.settlement.certainty),
    }


_MOST_KEYS = 10
