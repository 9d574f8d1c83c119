"""What tests of operations share."""

import argon2
import pytest

from bridge.operations import kept_secrets


class CountingHasher(argon2.PasswordHasher):
    """A real hasher, of little effort, that counts how often it had to verify."""

    verified = 0

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.verified += 1
        return super().verify(hash, password)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    """Hashing is slow on purpose: tests with this make it fast, and count it."""
    hasher = CountingHasher()
    monkeypatch.setattr(kept_secrets, "_HASHER", hasher)
    return hasher
