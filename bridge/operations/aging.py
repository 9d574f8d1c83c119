"""A controller asks who owes what since when, on both sides."""

from datetime import date

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.aging import AgingRow, aging_table
from bridge.store.aging import open_sums
from bridge.store.engine import reading


def get_aging(
    sessions: sessionmaker[Session],
    *,
    as_of: date,
    by_customer: bool = False,
    company_code: str | None = None,
    customer_number: str | None = None,
) -> list[AgingRow]:
    """Both sides' open items by age on a day, as both systems hold them now."""
    with reading(sessions) as session:
        return aging_table(
            open_sums(
                session,
                as_of=as_of,
                by_customer=by_customer or customer_number is not None,
                company_code=company_code,
                customer_number=customer_number,
            )
        )
