"""By what a customer is known, however it was typed."""

import pytest

from bridge.domain.identity import (
    Identity,
    StrongKey,
    contradiction,
    identity_of,
    strong_keys,
)
from bridge.domain.records import values_of
from tests.builders import customer


def identity(**changes: str | None) -> Identity:
    return identity_of(values_of(customer(**changes)))


def test_cosmetic_differences_make_none() -> None:
    """Another way to type the same is the same, and has the same fingerprint."""
    one = identity()
    other = identity(
        name="MUSTER G.m.b.H.",
        tax_number="de 123 456 789",
        email="Books@Muster.Example",
        phone="+49 (30) 12-34",
        billing_street="Hauptstrasse  1",
        billing_city="BERLIN",
    )
    assert one == other
    assert one.fingerprint == other.fingerprint
    assert identity(billing_street="Hauptstraße 2").fingerprint != one.fingerprint


def test_fields() -> None:
    """Each in its normal form."""
    assert identity() == Identity(
        name=("muster",),
        legal_form="gmbh",
        tax_number="DE123456789",
        email="books@muster.example",
        domain="muster.example",
        phone="+49301234",
        street="hauptstr",
        house="1",
        city="berlin",
        postal_code="10115",
        country="DE",
    )


@pytest.mark.parametrize(
    ("email", "website", "domain"),
    [
        ("a@gmail.com", None, ""),
        ("a@gmail.com", "http://www.muster.example:8080/shop", "muster.example"),
        (None, "muster.example", "muster.example"),
        ("a@muster.example", "https://holding.example", "muster.example"),
        ("no address", "http://[half", ""),
        (None, None, ""),
    ],
)
def test_domain(email: str | None, website: str | None, domain: str) -> None:
    """The company's own, never a public mail service's."""
    assert identity(email=email, website=website).domain == domain


@pytest.mark.parametrize("filler", ["000000000", "n/a", "-", "111111", "unknown", None])
def test_a_filled_field_is_no_tax_number(filler: str | None) -> None:
    """What somebody typed because the field wants something links nobody."""
    keys = [key for key, _ in strong_keys(identity(tax_number=filler))]
    assert keys == [StrongKey.DOMAIN]


def test_nothing_known() -> None:
    """Values that were not read say nothing."""
    assert identity_of({}) == Identity()
    assert list(strong_keys(Identity())) == []


@pytest.mark.parametrize(
    ("key", "changes", "found"),
    [
        (StrongKey.TAX_NUMBER, {"name": "Muster Handels AG"}, None),
        (StrongKey.TAX_NUMBER, {"name": "Other Ltd"}, "names that share no word"),
        (StrongKey.DOMAIN, {"name": "Muster"}, None),
        (StrongKey.DOMAIN, {"name": "Muster AG"}, "different legal forms"),
        (StrongKey.DOMAIN, {"tax_number": "DE987654321"}, "different tax numbers"),
    ],
)
def test_contradiction(key: StrongKey, changes: dict[str, str], found: str | None) -> None:
    """Affiliates share a domain, a fiscal unity a tax number."""
    assert contradiction(key, identity(), identity(**changes)) == found


def test_a_slip_in_the_only_word() -> None:
    """With the same tax number it is the same name; under one roof it may be an affiliate's."""
    one, other = identity(name="Muster GmbH"), identity(name="Mustre GmbH")
    assert contradiction(StrongKey.TAX_NUMBER, one, other) is None
    assert contradiction(StrongKey.DOMAIN, one, other) == "names that share no word"
    short = identity(name="Abc"), identity(name="Abd")
    assert contradiction(StrongKey.TAX_NUMBER, *short) == "names that share no word"


def test_initials() -> None:
    """BMW is the Bayerische Motoren Werke."""
    one, other = identity(name="BMW AG"), identity(name="Bayerische Motoren Werke AG")
    assert contradiction(StrongKey.TAX_NUMBER, one, other) is None
