"""The ERP's open payments and invoices, customer by customer."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType, System
from bridge.store.documents import VOID
from bridge.store.models import Record, Version

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class OpenRow:
    """One open item; the amount in ten-thousandths."""

    company_code: str
    currency: str
    customer_number: str
    record_type: RecordType
    number: str
    open_amount: int

    @property
    def place(self) -> tuple[str, str, str]:
        """Whose it is."""
        return (self.company_code, self.currency, self.customer_number)


def open_rows(
    session: Session, *, company_code: str | None = None, customer_number: str | None = None
) -> Iterator[OpenRow]:
    """What is open in the ERP above zero, all of a customer's items in a row, streamed.

    What is gone or void is left aside.
    """
    company = func.coalesce(Record.company_code, "")
    customer = func.coalesce(Version.customer_number, "")
    amount = type_coerce(Version.open_amount, BigInteger)
    query = (
        select(company, Version.currency, customer, Record.record_type, Record.number, amount)
        .join(Record, Record.id == Version.record_id)
        .where(
            Record.record_type.in_((RecordType.PAYMENT, RecordType.INVOICE)),
            Version.system == System.ERP,
            Version.deleted.is_(False),
            amount > 0,
            Version.content.not_like(VOID),
        )
        .order_by(company, Version.currency, customer)
        .execution_options(yield_per=_AT_ONCE)
    )
    if company_code is not None:
        query = query.where(Record.company_code == company_code)
    if customer_number is not None:
        query = query.where(Version.customer_number == customer_number)
    for owner, currency, debtor, record_type, number, open_amount in session.execute(query):
        yield OpenRow(owner, currency, debtor, record_type, str(number), open_amount)
