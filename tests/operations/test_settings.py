"""The operations' sections of the settings."""

from decimal import Decimal

import pytest
from pydantic import SecretStr, ValidationError

from bridge.operations.kept_secrets import make_key
from bridge.operations.settings import BreakSettings, ConsumerSettings

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="


def test_several_keys_stand_one_to_a_line() -> None:
    """Blank lines and spaces around them are no matter."""
    keys = SecretStr(f"\n {make_key()} \n\n{make_key()}\n")
    assert ConsumerSettings(digest_key=keys).digest_key == keys


@pytest.mark.parametrize("key", ["hush", "x" * 44, KEY[:-4], f"{KEY}\nhush"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    """With how to make one, and without what was given."""
    with pytest.raises(ValidationError, match="erp-bridge consumers make-key") as told:
        ConsumerSettings(digest_key=SecretStr(key))
    assert "hush" not in str(told.value)


def test_a_key_does_not_show() -> None:
    """Neither in a log nor in a traceback."""
    key = make_key()
    assert key not in repr(ConsumerSettings(digest_key=SecretStr(key)))


@pytest.mark.parametrize("people", [(), ("anna",), ("anna", " ANNA ")])
def test_a_second_person_has_to_have_a_name(people: tuple[str, ...]) -> None:
    """Who may take any name, or is alone, would be both of them."""
    with pytest.raises(ValidationError, match="approve_from takes two people"):
        BreakSettings(people=people, approve_from={"EUR": Decimal(100)})
    assert BreakSettings(people=people).people == people
