"""What a consumer may do."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.records import RecordType
from bridge.operations.rights import (
    UNRESTRICTED,
    BadRights,
    Rights,
    decode_rights,
    encode_rights,
    is_permitted_company,
    network_of,
)

LIMITS = st.none() | st.integers(1, 100_000)
CODES = st.text("AZaz09_.-", min_size=1, max_size=20)
RIGHTS = st.builds(
    Rights,
    operations=st.frozensets(st.sampled_from(["Ping", "SubmitInvoices"])),
    record_types=st.frozensets(st.sampled_from(RecordType)),
    company_codes=st.frozensets(CODES, max_size=3),
    networks=st.lists(
        st.ip_addresses().map(lambda address: ip_network(str(address))), max_size=3
    ).map(tuple),
    calls_per_minute=LIMITS,
    calls_at_once=LIMITS,
    keep_envelopes=st.booleans(),
)


@given(RIGHTS)
def test_rights_are_kept_as_they_are(rights: Rights) -> None:
    """What is written is read again, and equal rights are equal texts."""
    assert decode_rights(encode_rights(rights)) == rights


def test_who_has_no_rights_written_is_not_restricted() -> None:
    """As before there were any."""
    assert decode_rights("{}") == UNRESTRICTED == Rights()


@pytest.mark.parametrize("limit", [0, -1, 100_001])
@pytest.mark.parametrize("name", ["calls_per_minute", "calls_at_once"])
def test_a_limit_that_cannot_be_met_is_refused(name: str, limit: int) -> None:
    """None at all would be a disabled consumer."""
    label = name.replace("_", " ")
    with pytest.raises(BadRights, match=f"{label}: {limit} is not between 1 and 100,000"):
        Rights(**{name: limit})  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["", " ", "1000/1", "x" * 21, "a\x00", "10 00"])
def test_a_code_that_no_company_has_is_refused(code: str) -> None:
    """It would never match, and nobody would know why."""
    with pytest.raises(BadRights, match="company_code"):
        Rights(company_codes=frozenset({code}))


@pytest.mark.parametrize("text", ["192.0.2.0/24", "192.0.2.1", "2001:db8::/32", "::1", "0.0.0.0/0"])
def test_a_network_is_read(text: str) -> None:
    """Of either family; an address is a network of one."""
    assert network_of(text) == ip_network(text)


@pytest.mark.parametrize(
    "text", ["", "192.0.2.1/24", "192.0.2.0/33", "300.0.0.0/8", "example.com", "10.0.0.0-10.0.0.9"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    """With what was written, and why."""
    with pytest.raises(BadRights, match="is no network: ") as told:
        network_of(text)
    assert repr(text) in str(told.value)
    assert "\n" not in str(told.value)


def test_companies() -> None:
    """All where none is named; no company is everybody's."""
    assert is_permitted_company(frozenset(), "1000")
    assert is_permitted_company(frozenset({"1000"}), "1000")
    assert is_permitted_company(frozenset({"1000"}), "")
    assert not is_permitted_company(frozenset({"1000"}), "2000")
