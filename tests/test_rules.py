"""The rules of reconciliation, put together from mappings and survivorship.toml."""

from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.records import Kind, RecordType
from bridge.domain.survivorship import Survivor
from bridge.rules import build_rules
from bridge.salesforce import load_mappings
from bridge.settings import (
    BadSettings,
    Survivorship,
    find_config,
    load_survivorship,
)
from tests.builders import names_of

MAPPINGS = load_mappings(find_config(None, "mapping"))


def survivorship(**sections: Any) -> Survivorship:
    """Rules in which everything is left to the defaults but what is said."""
    empty: dict[str, Any] = {"customer": {}, "invoice": {}, "payment": {}, "credit_memo": {}}
    return Survivorship.model_validate(empty | sections)


def complaint(**sections: Any) -> str:
    with pytest.raises(BadSettings) as caught:
        build_rules(MAPPINGS, survivorship(**sections))
    return str(caught.value)


def test_every_type_has_its_rules() -> None:
    """The packaged configuration is complete."""
    rules = build_rules(MAPPINGS, load_survivorship())
    assert set(rules) == set(RecordType)
    customer, invoice = rules[RecordType.CUSTOMER], rules[RecordType.INVOICE]
    assert (customer.expected_in_erp, invoice.expected_in_erp) == (False, True)
    assert customer.survivor_of("phone") is Survivor.CRM
    assert customer.survivor_of("billing_city") is Survivor.REVIEW
    assert "credit_limit" in customer.mirrored
    assert invoice.mirrored == set(names_of(invoice.compared))


def test_compared_is_what_the_mapping_carries() -> None:
    """In the catalogue's order, whatever the mapping's; items are nobody's business."""
    rules = build_rules(MAPPINGS, load_survivorship())
    for record_type, rule in rules.items():
        mapped = {field.name for field in MAPPINGS[record_type].fields}
        assert set(names_of(rule.compared)) == mapped
        assert Kind.ITEMS not in {field.kind for field in rule.compared}
    names = names_of(rules[RecordType.INVOICE].compared)
    assert names.index("currency") < names.index("net_amount")


def test_what_the_erp_does_not_maintain_is_never_taken_from_it() -> None:
    """It is not compared, and so neither matched nor corrected."""
    rules = build_rules(MAPPINGS, survivorship(customer={"not_in_erp": ["website", "email"]}))
    names = names_of(rules[RecordType.CUSTOMER].compared)
    assert not {"website", "email"} & set(names)
    assert "phone" in names


def test_a_star_mirrors_everything() -> None:
    """Or only the fields that are named."""
    rules = build_rules(
        MAPPINGS,
        survivorship(invoice={"mirrored": ["*"]}, payment={"mirrored": ["amount"]}),
    )
    invoice = rules[RecordType.INVOICE]
    assert invoice.mirrored == set(names_of(invoice.compared))
    assert rules[RecordType.PAYMENT].mirrored == {"amount"}
    assert rules[RecordType.CUSTOMER].mirrored == frozenset()


def test_tolerances_are_by_currency() -> None:
    """One for all, and others for some."""
    rules = build_rules(MAPPINGS, survivorship(tolerance={"default": "0.01", "JPY": "1"}))
    tolerance = rules[RecordType.INVOICE].tolerance
    assert tolerance.allows(Decimal("0.01"), "EUR")
    assert not tolerance.allows(Decimal("0.02"), "EUR")
    assert tolerance.allows(Decimal(1), "JPY")


def test_without_tolerances_amounts_are_exact() -> None:
    """Not a ten-thousandth may differ."""
    tolerance = build_rules(MAPPINGS, survivorship())[RecordType.INVOICE].tolerance
    assert tolerance.allows(Decimal(0), "EUR")
    assert not tolerance.allows(Decimal("0.0001"), "EUR")


@pytest.mark.parametrize(
    "section",
    [{"fields": {"phnoe": "erp"}}, {"not_in_erp": ["phnoe"]}, {"mirrored": ["name", "phnoe"]}],
)
def test_a_field_that_does_not_exist_is_told(section: dict[str, Any]) -> None:
    """Wherever it is named, with the nearest that exists."""
    assert complaint(customer=section) == (
        "survivorship.toml, [customer]: there is no field phnoe, did you mean phone?"
    )


def test_a_field_like_no_other_is_told_without_a_guess() -> None:
    """A far-fetched hint would only confuse."""
    assert complaint(invoice={"mirrored": ["qqqqq"]}) == (
        "survivorship.toml, [invoice]: there is no field qqqqq"
    )


@pytest.mark.parametrize("code", ["EURO", "eur", "defualt"])
def test_a_tolerance_of_no_currency_is_told(code: str) -> None:
    """It would never apply."""
    assert complaint(tolerance={code: "1"}).startswith(
        f"survivorship.toml, [tolerance]: {code} is no ISO 4217 currency code"
    )


def test_transitions_of_a_status_are_rules() -> None:
    """The packaged ones let nothing be opened again that was paid; unnamed statuses are free."""
    invoice = build_rules(MAPPINGS, load_survivorship())[RecordType.INVOICE]
    assert not invoice.allows("PAID", "OPEN")
    assert invoice.allows("OPEN", "VOID")
    assert invoice.allows("PAID", "PAID")


@pytest.mark.parametrize("transitions", [{"OPNE": ["PAID"]}, {"PAID": ["OPNE"]}])
def test_a_transition_of_no_status_is_told(transitions: dict[str, list[str]]) -> None:
    """On either side of it; a payment has none at all."""
    assert complaint(invoice={"transitions": transitions}) == (
        "survivorship.toml, [invoice.transitions]: OPNE is none of"
        " OPEN, PARTIALLY_PAID, PAID, DISPUTED, VOID"
    )
    assert complaint(payment={"transitions": {"PAID": []}}).endswith("its statuses: it has none")


def test_what_is_looked_at_beyond_the_compare_is_ruled_by_type() -> None:
    """Nothing unless asked for, and only where there is something to look at."""
    plain = build_rules(MAPPINGS, load_survivorship())[RecordType.INVOICE]
    assert (plain.roll_forward, plain.duplicates_within_days) == (frozenset(), None)
    asked = survivorship(invoice={"roll_forward": ["1000"], "duplicates_within_days": 3})
    rules = build_rules(MAPPINGS, asked)[RecordType.INVOICE]
    assert (rules.roll_forward, rules.duplicates_within_days) == ({"1000"}, 3)
    assert "of invoices alone" in complaint(payment={"roll_forward": ["*"]})
    assert "of documents alone" in complaint(customer={"duplicates_within_days": 3})
