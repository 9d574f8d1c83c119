"""`erp-bridge aging`: open items by age, both sides beside each other."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from bridge.app import ready_application, utc_now
from bridge.commands.options import AS_JSON, FOLDER
from bridge.domain.aging import COLUMNS, AgingRow
from bridge.domain.money import money_text
from bridge.domain.records import System
from bridge.operations.aging import get_aging
from bridge.terminal import Terminal

_SIDES = {System.ERP: "ERP", System.CRM: "Salesforce"}


@click.command(name="aging")
@FOLDER
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day; today unless told.")
@click.option("--by-customer", is_flag=True, help="A row for each customer.")
@click.option("--company", "company_code", help="This company alone.")
@click.option("--customer", "customer_number", help="This customer alone.")
@click.option("--differing", is_flag=True, help="Only where both sides disagree.")
@AS_JSON
def aging_command(
    folder: Path | None,
    *,
    as_of: datetime | None,
    by_customer: bool,
    company_code: str | None,
    customer_number: str | None,
    differing: bool,
    as_json: bool,
) -> None:
    """Show what is open by age (days past due), per company and currency, on both sides."""
    day = (as_of or utc_now()).date()
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        rows = get_aging(
            application.sessions,
            as_of=day,
            by_customer=by_customer,
            company_code=company_code,
            customer_number=customer_number,
        )
        shown = [row for row in rows if row.differs or not differing]
        if as_json:
            terminal.json([_as_json(row) for row in shown])
            return
        columns = ("company", "currency", "customer", "", *(f"#{name}" for name in COLUMNS))
        lines = [line for row in shown for line in _lines(row)]
        terminal.table(f"Open items on {day}", (*columns, "#balance"), lines)


def _lines(row: AgingRow) -> Iterator[tuple[str, ...]]:
    place = (row.company_code, row.currency, row.customer_number)
    for system, name in _SIDES.items():
        amounts = [row.amount(system, column) for column in COLUMNS]
        yield (*place, name, *_money(row, *amounts, row.balance(system)))
        place = ("", "", "")
    if row.differs:
        apart = [row.amount(System.ERP, c) - row.amount(System.CRM, c) for c in COLUMNS]
        balance = row.balance(System.ERP) - row.balance(System.CRM)
        yield (*place, "difference", *_money(row, *apart, balance))


def _money(row: AgingRow, *amounts: Any) -> list[str]:
    return [money_text(amount, row.currency) for amount in amounts]


def _as_json(row: AgingRow) -> dict[str, Any]:
    sides = {
        str(system).lower(): {
            **{column: f"{row.amount(system, column):f}" for column in COLUMNS},
            "balance": f"{row.balance(system):f}",
        }
        for system in _SIDES
    }
    return {
        "company_code": row.company_code,
        "currency": row.currency,
        "customer_number": row.customer_number or None,
        **sides,
        "differs": row.differs,
    }
