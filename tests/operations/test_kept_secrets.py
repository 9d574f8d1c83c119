"""How secrets are kept."""

import pytest
from pydantic import SecretStr

from bridge.operations.kept_secrets import (
    NoDigestKey,
    Seal,
    hash_secret,
    is_hash_of,
    make_key,
    new_secret,
)
from bridge.operations.settings import ConsumerSettings


def seal_of(*keys: str) -> Seal:
    return Seal(ConsumerSettings(digest_key=SecretStr("\n".join(keys))))


def test_a_secret_is_not_its_hash() -> None:
    """Argon2id, salted: two hashes of a secret differ, and both are its."""
    secret = new_secret()
    one, other = hash_secret(secret), hash_secret(secret)
    assert one != other
    assert one.startswith("$argon2id$")
    assert is_hash_of(one, secret)
    assert is_hash_of(other, secret)
    assert not is_hash_of(one, secret + "x")


def test_a_secret_fits_everywhere() -> None:
    """An API key is divided by a dot, Basic by a colon, XML by much more."""
    for _ in range(200):
        assert set(new_secret()) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
        )


def test_the_first_key_encrypts_and_each_decrypts() -> None:
    """So that the keys themselves can be exchanged."""
    old, new = make_key(), make_key()
    sealed = seal_of(old).close("hush")
    assert seal_of(new, old).open(sealed) == "hush"
    assert seal_of(new).open(seal_of(new, old).close("hush")) == "hush"
    with pytest.raises(NoDigestKey, match="encrypted with another key"):
        seal_of(new).open(sealed)


def test_without_a_key_nothing_is_encrypted() -> None:
    """The reason says how to get one."""
    seal = Seal(ConsumerSettings())
    assert not seal.has_keys
    for use in (seal.close, seal.open):
        with pytest.raises(NoDigestKey, match="erp-bridge consumers make-key"):
            use("hush")
    with pytest.raises(NoDigestKey):
        Seal(ConsumerSettings(digest_key=SecretStr(" \n"))).close("hush")


def test_what_was_tampered_with_does_not_open() -> None:
    """Whoever can write the database cannot choose a secret."""
    key = make_key()
    sealed = seal_of(key).close("hush")
    for changed in (sealed[:-2], sealed.swapcase(), "", "é"):
        with pytest.raises(NoDigestKey):
            seal_of(key).open(changed)
