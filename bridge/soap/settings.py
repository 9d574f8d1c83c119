"""The SOAP front's section of the settings."""

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ContractLifetime(BaseModel):
    """When a version of the contract is deprecated, and when it ends; None: not in sight.

    Callers are told, and nothing is switched off: that is for people to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    deprecated_on: date | None = None
    sunset_on: date | None = None

    @model_validator(mode="after")
    def _ends_last(self) -> Self:
        if self.deprecated_on and self.sunset_on and self.sunset_on < self.deprecated_on:
            raise ValueError("sunset_on must not be before deprecated_on (RFC 9745, section 4)")
        return self


class SoapSettings(BaseModel):
    """Where consumers find the service, and how much one call may carry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    public_url: str = Field(default="http://127.0.0.1:8080", pattern=r"^https?://[^/?#\s]+$")
    """Scheme, host and port that consumers use. The WSDL's address comes from here alone: one
    taken from a request's Host header could send every later reader to somebody else's server."""

    max_body_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    """Greatest request body as it travels."""

    max_expanded_bytes: int = Field(default=40 * 1024 * 1024, ge=1024)
    """Greatest request body after gzip is expanded."""

    max_elements: int = Field(default=100_000, ge=100)
    """Most elements of an envelope: 500 invoices of 30 lines each have fewer."""

    max_children_per_element: int = Field(default=2_500, ge=501)
    """Most elements side by side: a submission's records, a document's lines."""

    max_depth: int = Field(default=32, ge=8, le=255)
    """Deepest nesting of elements; libxml2 itself reads no deeper than 255."""

    max_attributes_per_element: int = Field(default=32, ge=8)
    """Most attributes of one element, declarations of namespaces among them."""

    max_text_bytes: int = Field(default=64 * 1024, ge=4096, le=10_000_000)
    """Greatest length of one text together with the tag before it."""

    v1: ContractLifetime = ContractLifetime()
