import pytest

from tests.sandbox.partner import NS, Fault, Partner


def test_elements_stand_in_alphabetical_order(partner: Partner) -> None:
    """As in the WSDL's sequences, which clients generated from it rely on."""
    (account,) = partner.call("describeSObject", "<p:sObjectType>account</p:sObjectType>")
    for element in (account, *account.findall("p:fields", NS)):
        names = [child.tag.split("}")[1] for child in element]
        assert names == sorted(names)
    assert account.findtext("p:name", None, NS) == "Account"
    assert account.findtext("p:keyPrefix", None, NS) == "001"


def test_elements_newer_than_the_version_are_left_out(partner: Partner) -> None:
    """A client of version 49 would not know associateEntityType."""
    for version, present in (("49.0", False), ("66.0", True)):
        partner.version = version
        (account,) = partner.call("describeSObject", "<p:sObjectType>Account</p:sObjectType>")
        assert (account.find("p:associateEntityType", NS) is not None) is present


@pytest.mark.parametrize(
    ("names", "code"), [(["Nothing"], "INVALID_TYPE"), (["Account"] * 101, "EXCEEDED_ID_LIMIT")]
)
def test_unknown_and_too_many_objects_are_refused(
    partner: Partner, names: list[str], code: str
) -> None:
    """INVALID_TYPE, and no more than a hundred at once."""
    body = "".join(f"<p:sObjectType>{name}</p:sObjectType>" for name in names)
    with pytest.raises(Fault, match=code):
        partner.call("describeSObjects", body)
