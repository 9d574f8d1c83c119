"""What operations answer, in the contract's shape: flat keys, and values as text."""

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from bridge.domain.content import encode_value
from bridge.domain.records import (
    RECORD_CLASSES,
    Item,
    Record,
    RecordType,
    Value,
    fields_of,
)
from bridge.operations.changes import Change, ChangePage
from bridge.operations.lookup import RecordState, RecordView
from bridge.soap.elements import contract_name


@dataclass(frozen=True, slots=True)
class FieldVersionsView:
    """One field of CustomerView or InvoiceView."""

    name: str
    erp_value: str | None
    crm_value: str | None
    agreed_value: str | None


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """CustomerView and InvoiceView; a customer's company code is empty."""

    company_code: str
    number: str
    state: RecordState
    salesforce_id: str | None
    erp_received_at: datetime | None
    erp_deleted: bool
    crm_modified_at: datetime | None
    crm_deleted: bool
    erp: Record | None
    fields: tuple[FieldVersionsView, ...]


@dataclass(frozen=True, slots=True)
class FieldChangeView:
    """One field of a Change."""

    name: str
    old_value: str | None
    new_value: str | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One Change of a ChangePage."""

    sequence: int
    record_type: RecordType
    company_code: str
    number: str
    salesforce_id: str | None
    staged_at: datetime
    fields: tuple[FieldChangeView, ...]


@dataclass(frozen=True, slots=True)
class ChangePageView:
    """A ChangePage."""

    changes: tuple[ChangeView, ...]
    next: int
    more: bool


def record_answer(view: RecordView) -> RecordAnswer:
    """What GetCustomer and GetInvoice answer."""
    names = _contract_names(view.key.record_type)
    return RecordAnswer(
        company_code=view.key.company_code,
        number=view.key.number,
        state=view.state,
        salesforce_id=view.salesforce_id,
        erp_received_at=view.erp_received_at,
        erp_deleted=view.erp_deleted,
        crm_modified_at=view.crm_modified_at,
        crm_deleted=view.crm_deleted,
        erp=view.erp,
        fields=tuple(
            FieldVersionsView(
                names[one.name], value_text(one.erp), value_text(one.crm), value_text(one.agreed)
            )
            for one in view.fields
        ),
    )


def change_page_view(page: ChangePage) -> ChangePageView:
    """What FetchChanges answers."""
    return ChangePageView(tuple(_change_view(one) for one in page.changes), page.next, page.more)


def value_text(value: Value | None) -> str | None:
    """A field's value as text: decimals plain, dates in ISO 8601, items as a JSON list."""
    if value is None:
        return None
    if isinstance(value, tuple):
        return json.dumps([_item(one) for one in value], ensure_ascii=False)
    return str(encode_value(value))


def _change_view(change: Change) -> ChangeView:
    names = _contract_names(change.key.record_type)
    return ChangeView(
        sequence=change.sequence,
        record_type=change.key.record_type,
        company_code=change.key.company_code,
        number=change.key.number,
        salesforce_id=change.salesforce_id,
        staged_at=change.staged_at,
        fields=tuple(
            FieldChangeView(names[one.name], value_text(one.old), value_text(one.new))
            for one in change.fields
        ),
    )


def _item(item: Item) -> dict[str, Any]:
    names = _names(type(item))
    return {names[one.name]: encode_value(getattr(item, one.name)) for one in fields(item)}


def _contract_names(record_type: RecordType) -> dict[str, str]:
    return _names(RECORD_CLASSES[record_type])


def _names(record_class: type[Any]) -> dict[str, str]:
    return {name: contract_name(field) for name, field in fields_of(record_class).items()}
