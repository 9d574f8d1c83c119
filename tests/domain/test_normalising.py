"""Normal forms: the same thing, however it is written."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.countries import COUNTRIES
from bridge.domain.normalising import (
    country_code,
    normal_code,
    normal_name,
    normal_phone,
    normal_tax_number,
    plain_spaces,
)

SOFT_HYPHEN = "\u00ad"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Muster GmbH", " MUSTER\u00a0 gmbh\n"),
        ("Café", unicodedata.normalize("NFD", "CAFÉ")),
        ("Straße", "STRASSE"),
        ("ﬁnanz", "Finanz"),
        ("Müller", f"Mül{SOFT_HYPHEN}ler"),
        ("ＡＢＣ", "abc"),
        ("\u017fort", "SORT"),
    ],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    """Case, spaces, ligatures, widths and what nobody sees say nothing."""
    assert normal_name(one) == normal_name(other)


@pytest.mark.parametrize(("one", "other"), [("Muster", "Mustér"), ("A B", "AB"), ("Co.", "Co")])
def test_names_that_are_not(one: str, other: str) -> None:
    """Letters, words and signs do."""
    assert normal_name(one) != normal_name(other)


@given(st.text())
def test_a_normal_form_is_its_own(text: str) -> None:
    """Whatever the text, it is normalised once and for all."""
    for normal in (normal_name, plain_spaces):
        assert normal(normal(text)) == normal(text)


PHONES = st.text(st.sampled_from("+0123456789 ()-/.x#;ext=abc"), max_size=20)


@given(PHONES | st.text(max_size=20), st.none() | st.sampled_from(sorted(COUNTRIES)))
def test_any_text_has_a_normal_form(text: str, country: str | None) -> None:
    """Phones, tax numbers, codes and countries take anything, in any country."""
    forms: list[Callable[[str, str | None], str]] = [normal_phone, normal_tax_number]
    for normal in forms:
        assert isinstance(normal(text, country), str)
    assert normal_code(normal_code(text)) == normal_code(text)
    assert country_code(text) is None or country_code(text) in COUNTRIES


@pytest.mark.parametrize(
    ("text", "country", "normal"),
    [
        ("+49 (0)30 / 1234-5", None, "+493012345"),
        ("030 12345", "DE", "+493012345"),
        ("0049 30 12345", "DE", "+493012345"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("06 1234567", "IT", "+39061234567"),
        ("tel:+493012345", None, "+493012345"),
        ("030 12345 ext. 7", "DE", "+493012345;ext=7"),
        ("030 12345", None, "03012345"),
        ("030 12345 (Frau Muster)", "DE", "03012345FRAUMUSTER"),
        ("1-800-FLOWERS", "US", "1800FLOWERS"),
        ("by mail only", "DE", "BYMAILONLY"),
        ("", "DE", ""),
    ],
)
def test_phones(text: str, country: str | None, normal: str) -> None:
    """E.164 where it is a number and its country is known; else what is written, without signs."""
    assert normal_phone(text, country) == normal


@pytest.mark.parametrize(
    ("text", "country", "normal"),
    [
        ("DE 136,695 976", None, "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("de136695976", "FR", "DE136695976"),
        ("EL 094259216", "GR", "GR094259216"),
        ("U13585627", "AT", "ATU13585627"),
        ("ATU 1358 5627", None, "ATU13585627"),
        ("NL 4495445B01", "NL", "NL004495445B01"),
        ("136695977", "DE", "136695977"),
        ("136695976", None, "136695976"),
        ("n/a", "DE", "NA"),
    ],
)
def test_tax_numbers(text: str, country: str | None, normal: str) -> None:
    """With the country before it where the check digits hold, else letters and digits."""
    assert normal_tax_number(text, country) == normal


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("DEUTSCHLAND", "DE"),
        ("Federal Republic of Germany", "DE"),
        ("Österreich", "AT"),
        ("Suisse", "CH"),
        ("中国", "CN"),
        ("UK", "GB"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("Turkey", "TR"),
        ("Kosovo", "XK"),
        ("Congo", None),
        ("Korea", None),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_countries(text: str, code: str | None) -> None:
    """By code or by name, in many languages; a name of several is none."""
    assert country_code(text) == code
