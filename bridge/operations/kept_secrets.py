"""How secrets are kept: hashed, and encrypted where a digest has to be computed of them."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bridge import BridgeError
from bridge.operations.settings import ConsumerSettings

# Secrets are 192 random bits, so the lightest of OWASP's argon2id settings is ample (Password
# Storage Cheat Sheet): 19 MiB each.
_HASHER = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)


class NoDigestKey(BridgeError):
    """No key is configured, or none of them decrypts."""


def new_secret() -> str:
    """A secret that nobody guesses: 192 random bits as 32 characters of URL-safe base64."""
    return secrets.token_urlsafe(24)


def hash_secret(secret: str) -> str:
    """The argon2id hash to keep of a secret."""
    return _HASHER.hash(secret)


def is_hash_of(secret_hash: str, secret: str) -> bool:
    """Whether a hash is this secret's. Slow on purpose."""
    try:
        return _HASHER.verify(secret_hash, secret.encode(errors="replace"))
    except VerificationError:
        return False


def make_key() -> str:
    """A new key for `digest_key`."""
    return Fernet.generate_key().decode()


class Seal:
    """Encrypts secrets with the first of the settings' keys, and decrypts with any (Fernet)."""

    def __init__(self, settings: ConsumerSettings) -> None:
        keys = settings.digest_key.get_secret_value().split() if settings.digest_key else []
        self._keys = MultiFernet([Fernet(key) for key in keys]) if keys else None

    @property
    def has_keys(self) -> bool:
        """Whether a key is configured."""
        return self._keys is not None

    def close(self, secret: str) -> str:
        """The secret encrypted. Raises NoDigestKey."""
        return self._require_keys().encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The secret that was encrypted. Raises NoDigestKey."""
        try:
            return self._require_keys().decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise NoDigestKey(
                "a secret was encrypted with another key: put that key on a line of its own"
                " after the first in [consumers] digest_key"
            ) from None

    def _require_keys(self) -> MultiFernet:
        if self._keys is None:
            raise NoDigestKey(
                "digests need a key: put what `erp-bridge consumers make-key` prints into a file,"
                " and name that in ERP_BRIDGE_CONSUMERS__DIGEST_KEY_FILE"
            )
        return self._keys
