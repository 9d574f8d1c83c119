"""The section `[matching]` of the settings."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bridge.domain.matching import Limits


class MatchingSettings(BaseModel):
    """Section `[matching]`: when two customers are taken for the same. Bits are of evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    """Whether runs look for the other side at all; external ids link in any case."""
    scored: bool = True
    """Whether what shares no exact key is compared field by field, with the extra `matching`."""
    least_link_bits: float = Field(default=16, ge=0, le=100)
    """From here on a pair is linked by itself."""
    least_suggest_bits: float = Field(default=0, ge=0, le=100)
    """From here on a person is asked; at 0 it is as likely as not."""
    margin_bits: float = Field(default=5, ge=0, le=100)
    """How far the best pair has to be ahead of any other of its records to be linked by itself."""
    max_pairs_per_key: int = Field(default=400, ge=1)
    """What more pairs have in common than this is no reason to compare them."""
    max_memory_mb: int = Field(default=1024, ge=128)
    """What the database in process may take; beyond that it goes to temporary files."""

    @model_validator(mode="after")
    def _in_order(self) -> "MatchingSettings":
        if self.least_suggest_bits > self.least_link_bits:
            raise ValueError("least_suggest_bits is above least_link_bits")
        return self

    @property
    def limits(self) -> Limits:
        """As the domain wants them."""
        return Limits(self.least_link_bits, self.least_suggest_bits, self.margin_bits)
