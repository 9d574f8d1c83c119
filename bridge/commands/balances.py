"""`erp-bridge balances`: what customers owe, both sides beside each other."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from bridge.app import ready_application
from bridge.commands.options import AS_JSON, FOLDER
from bridge.domain.balances import COLUMNS, BalanceRow
from bridge.domain.money import money_text
from bridge.domain.records import System
from bridge.operations.balances import get_balances
from bridge.terminal import Terminal

_SIDES = {System.ERP: "ERP", System.CRM: "Salesforce"}


@click.command(name="balances")
@FOLDER
@click.option("--company", "company_code", help="This company alone.")
@click.option("--customer", "customer_number", help="This customer alone.")
@click.option("--differing", is_flag=True, help="Only where sides disagree, or open items do.")
@AS_JSON
def balances_command(
    folder: Path | None,
    *,
    company_code: str | None,
    customer_number: str | None,
    differing: bool,
    as_json: bool,
) -> None:
    """Show what each customer owes, by company and currency, on both sides.

    "unrolled" is what is open beyond what was billed less what was credited and received.
    """
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        rows = get_balances(
            application.sessions, company_code=company_code, customer_number=customer_number
        )
        shown = [row for row in rows if row.differs or not differing]
        if as_json:
            terminal.json([_as_json(row) for row in shown])
            return
        names = (*COLUMNS, "balance", "unrolled")
        columns = ("company", "currency", "customer", "", *(f"#{name}" for name in names))
        terminal.table("Balances", columns, [line for row in shown for line in _lines(row)])


def _lines(row: BalanceRow) -> Iterator[tuple[str, ...]]:
    place = (row.company_code, row.currency, row.customer_number)
    for system, name in _SIDES.items():
        yield (*place, name, *_money(row, _amounts(row, system)))
        place = ("", "", "")
    if row.differs:
        pairs = zip(_amounts(row, System.ERP), _amounts(row, System.CRM), strict=True)
        yield (*place, "difference", *_money(row, [erp - crm for erp, crm in pairs]))


def _amounts(row: BalanceRow, system: System) -> list[Decimal]:
    columns = [row.amount(system, column) for column in COLUMNS]
    return [*columns, row.balance(system), row.unrolled(system)]


def _money(row: BalanceRow, amounts: list[Decimal]) -> list[str]:
    return [money_text(amount, row.currency) for amount in amounts]


def _as_json(row: BalanceRow) -> dict[str, Any]:
    names = (*COLUMNS, "balance", "unrolled")
    return {
        "company_code": row.company_code,
        "currency": row.currency,
        "customer_number": row.customer_number,
        **{
            str(system).lower(): {
                name: f"{amount:f}"
                for name, amount in zip(names, _amounts(row, system), strict=True)
            }
            for system in _SIDES
        },
        "differs": row.differs,
    }
