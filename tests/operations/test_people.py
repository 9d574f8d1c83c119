"""The same person, however the name is written."""

import pytest

from bridge.operations.people import UnknownPerson, known_name, plain_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna", "ANNA"),
        ("anna", " Anna\t"),
        ("Anna  Berg", "anna berg"),
        ("Ｊosé", "Jose\u0301"),
        ("Weiß", "WEISS"),
    ],
)
def test_one_person(one: str, other: str) -> None:
    """Case, width, composition and blanks say nothing."""
    assert plain_name(one) == plain_name(other)


def test_two_people() -> None:
    """Letters do."""
    assert len({plain_name(name) for name in ("anna", "anne", "anna b", "ána")}) == 4


def test_a_name_stands_as_the_settings_have_it() -> None:
    """Where they name nobody, as it was given."""
    assert known_name("ANNA", ["ben", "Anna"]) == "Anna"
    assert known_name("ANNA", []) == "ANNA"
    with pytest.raises(UnknownPerson, match=r"'mallory' is none of \[breaks\] people: ben, Anna"):
        known_name("mallory", ["ben", "Anna"])
