"""The contract is derived from the domain's catalogue."""

from typing import Any

import pytest

from bridge.domain.records import (
    RECORD_CLASSES,
    DocumentLine,
    Invoice,
    PaymentApplication,
    fields_of,
)
from bridge.soap import contract
from bridge.soap.elements import Model, attribute_name, contract_name

MODELS = {
    model.Attributes.python_type: model
    for model in (
        contract.CUSTOMER,
        contract.INVOICE,
        contract.CREDIT_MEMO,
        contract.PAYMENT,
        contract.DOCUMENT_LINE,
        contract.PAYMENT_APPLICATION,
    )
}
CLASSES = [*RECORD_CLASSES.values(), DocumentLine, PaymentApplication]


def element_of(model: Model, path: str) -> Model:
    """The element of a model by its contract name, inside a group if need be."""
    for name in path.split("."):
        model = model._type_info[name]
    return model


@pytest.mark.parametrize("record_class", CLASSES)
def test_every_field_is_an_element(record_class: type[Any]) -> None:
    """Each field of the catalogue is in the contract, as required, as long and as often."""
    for field in fields_of(record_class).values():
        element = element_of(MODELS[record_class], contract_name(field)).Attributes
        assert element.min_occurs == int(field.required), field.name
        assert element.nillable is False
        assert (element.max_occurs > 1) == (field.item_type is not None)
        if field.max_length is not None:
            assert element.max_len == field.max_length


@pytest.mark.parametrize("record_class", CLASSES)
def test_elements_find_their_attributes(record_class: type[Any]) -> None:
    """The name of an element leads back to the attribute it stands for."""
    for field in fields_of(record_class).values():
        path = contract_name(field).split(".")
        model = MODELS[record_class]
        attributes = []
        for name in path:
            model = model._type_info[name]
            attributes.append(attribute_name(name, model))
        assert "_".join(attributes) == field.name


def test_contract_names() -> None:
    """Groups and repeated elements have names of their own."""
    names = {
        contract_name(field)
        for field in fields_of(contract.CUSTOMER.Attributes.python_type).values()
    }
    assert {"Number", "TaxNumber", "Billing.PostalCode", "PaymentTerms", "Status"} <= names
    assert contract_name(fields_of(Invoice)["lines"]) == "Line"
