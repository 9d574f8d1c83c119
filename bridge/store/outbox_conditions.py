"""Conditions on staged corrections, in SQL: each speaks of the Outbox row at hand."""

from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from bridge.domain.records import RecordType, System
from bridge.store.models import Outbox, Record, Version


def is_gone_from_erp() -> Any:
    """That the ERP no longer has the record."""
    erp = aliased(Version)
    return exists().where(
        erp.record_id == Outbox.record_id, erp.system == System.ERP, erp.deleted.is_(True)
    )


def customer_is_linked() -> Any:
    """That Salesforce can name the customer of the ERP's document, or whom it was merged into.

    By the ERP key: an Account that does not carry it yet, or no more, is not found.
    """
    document, customer, account = aliased(Version), aliased(Record), aliased(Version)
    return exists(
        select(customer.id)
        .join(document, document.customer_number == customer.number)
        .join(account, (account.record_id == customer.id) & (account.system == System.CRM))
        .where(
            or_(_is_named(customer, account), _is_there(account.merged_into)),
            document.record_id == Outbox.record_id,
            document.system == System.ERP,
            customer.record_type == RecordType.CUSTOMER,
            customer.company_code == "",
            customer.salesforce_id.is_not(None),
        )
    )


def names_customer() -> Any:
    """That it sets the reference to the customer. In a value, these quotes would be escaped."""
    return Outbox.fields.contains('"name": "customer_number"', autoescape=True)


def customer_number() -> Any:
    """The customer that the ERP's document names."""
    document = aliased(Version)
    return (
        select(document.customer_number)
        .where(document.record_id == Outbox.record_id, document.system == System.ERP)
        .scalar_subquery()
    )


def _is_there(salesforce_id: Any) -> Any:
    record, version = aliased(Record), aliased(Version)
    return exists(
        select(record.id)
        .join(version, (version.record_id == record.id) & (version.system == System.CRM))
        .where(
            record.salesforce_id == salesforce_id,
            _is_named(record, version),
        )
    )


def _is_named(record: Any, version: Any) -> Any:
    return version.deleted.is_(False) & (version.crm_key == record.number)
