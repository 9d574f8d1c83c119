"""What a consumer may do, and how much of it."""

import json
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from bridge import BridgeError
from bridge.domain.records import Invoice, RecordType, fields_of
from bridge.domain.validation import value_problems

Network = IPv4Network | IPv6Network

_COMPANY_CODE = fields_of(Invoice)["company_code"]
_GREATEST_LIMIT = 100_000


class BadRights(BridgeError):
    """Rights that nobody can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a consumer may do; what is empty or None is not restricted.

    `operations` are the contract's names; `networks` are where it may call from. A record without
    a company (a customer) is restricted by its type alone.
    """

    operations: frozenset[str] = frozenset()
    record_types: frozenset[RecordType] = frozenset()
    company_codes: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    calls_per_minute: int | None = None
    calls_at_once: int | None = None
    keep_envelopes: bool = False

    def __post_init__(self) -> None:
        """Raises BadRights for what cannot be met."""
        for code in self.company_codes:
            for problem in value_problems(_COMPANY_CODE, code, None):
                raise BadRights(problem.message)
        for name in ("calls_per_minute", "calls_at_once"):
            limit = getattr(self, name)
            if limit is not None and not 1 <= limit <= _GREATEST_LIMIT:
                label = name.replace("_", " ")
                raise BadRights(f"{label}: {limit} is not between 1 and {_GREATEST_LIMIT:,}")


UNRESTRICTED = Rights()


def is_permitted_company(companies: frozenset[str], company_code: str) -> bool:
    """Whether a company is one of these; all are where there are none, and so is no company."""
    return not companies or not company_code or company_code in companies


def network_of(text: str) -> Network:
    """A network or a single address, of IPv4 or IPv6, as in 192.0.2.0/24. Raises BadRights."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise BadRights(f"{text!r} is no network: {error}") from None


def encode_rights(rights: Rights) -> str:
    """Rights as JSON."""
    plain = {
        "operations": sorted(rights.operations),
        "record_types": sorted(rights.record_types),
        "company_codes": sorted(rights.company_codes),
        "networks": [str(network) for network in rights.networks],
        "calls_per_minute": rights.calls_per_minute,
        "calls_at_once": rights.calls_at_once,
        "keep_envelopes": rights.keep_envelopes,
    }
    return json.dumps(plain, ensure_ascii=False)


def decode_rights(text: str) -> Rights:
    """Reads what `encode_rights` wrote."""
    plain = json.loads(text)
    return Rights(
        operations=frozenset(plain.get("operations", ())),
        record_types=frozenset(RecordType(one) for one in plain.get("record_types", ())),
        company_codes=frozenset(plain.get("company_codes", ())),
        networks=tuple(ip_network(one) for one in plain.get("networks", ())),
        calls_per_minute=plain.get("calls_per_minute"),
        calls_at_once=plain.get("calls_at_once"),
        keep_envelopes=plain.get("keep_envelopes", False),
    )
