"""How consumers prove who they are: their section of the settings."""

from cryptography.fernet import Fernet
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class ConsumerSettings(BaseModel):
    """Section `[consumers]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest_key: SecretStr | None = None
    """Encrypts the secrets of consumers that send digests; `erp-bridge consumers make-key` makes
    one. Several, one to a line: the first encrypts, the others still decrypt."""

    digest_max_age_seconds: int = Field(default=300, ge=10, le=3600)
    """How far the Created of a digest may lie from now, either way."""

    @field_validator("digest_key")
    @classmethod
    def _is_key(cls, value: SecretStr | None) -> SecretStr | None:
        for key in value.get_secret_value().split() if value else ():
            try:
                Fernet(key)
            except ValueError:
                raise ValueError(
                    "a key is 32 bytes in URL-safe base64: make one with"
                    " `erp-bridge consumers make-key`"
                ) from None
        return value
