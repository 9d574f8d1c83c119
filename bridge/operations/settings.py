"""The operations' sections of the settings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Self

from cryptography.fernet import Fernet
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bridge.operations.people import plain_name

_PAIR = 2


class ConsumerSettings(BaseModel):
    """Section `[consumers]`: how consumers prove who they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest_key: SecretStr | None = None
    """Encrypts the secrets of consumers that send digests; `erp-bridge consumers make-key` makes
    one. Several, one to a line: the first encrypts, the others still decrypt."""

    digest_max_age_seconds: int = Field(default=300, ge=10, le=3600)
    """How far the Created of a digest may lie from now, either way."""

    longest_pause_seconds: float = Field(default=5, ge=0, le=60)
    """How long wrong credentials wait for their answer at most; the first few do not wait."""

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


class BreakSettings(BaseModel):
    """Section `[breaks]`: who closes differences, and when it takes two."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: tuple[str, ...] = ()
    """Whose names count, whatever their case; with none, every name does."""

    approve_from: Mapping[str, Annotated[Decimal, Field(gt=0)]] = {}
    """From which amount on a second person has to approve an accepted difference: currency ->
    amount, "default" for the others. A currency without an amount needs no second person. Needs
    `people`: whoever may take any name is two people when they like."""

    @model_validator(mode="after")
    def _has_a_second_person(self) -> Self:
        if self.approve_from and len({plain_name(one) for one in self.people}) < _PAIR:
            raise ValueError("approve_from takes two people: name them in `people`")
        return self

    def needs_approval(self, amount: Decimal | None, currency: str | None) -> bool:
        """Whether accepting a difference of this amount takes two people."""
        limit = self.approve_from.get(currency or "", self.approve_from.get("default"))
        return amount is not None and limit is not None and abs(amount) >= limit


class SnapshotSettings(BaseModel):
    """Section `[snapshots]`: what the bridge believes of an ERP that says what is gone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    refuse_below_share: Decimal = Field(default=Decimal("0.8"), ge=0, le=1)
    """A snapshot that leaves fewer than this share of what the ERP had sent is not believed, until
    a person allows it."""
    refuse_from_records: int = Field(default=20, ge=1)
    """... if the ERP had sent at least so many; an empty snapshot is never believed."""
    clock_tolerance_seconds: int = Field(default=300, ge=0)
    """How far an ERP's clock may be ahead."""
