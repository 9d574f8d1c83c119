"""Outbound messages as Salesforce sends them."""

from bridge.domain.crm import Notification
from bridge.soap.envelope import write_envelope

ORG = "00D000000000001EAA"
OTHER_ORG = "00D000000000002EAA"
SESSION = "00D!a-session-that-nobody-may-see"
TOLD = Notification("04l000000000001AAA", "Account", "001000000000001AAA")


def notification(number: int, record: int = 1, sobject: str = "Account") -> Notification:
    """One of many."""
    return Notification(f"04l{number:012}AAA", sobject, f"001{record:012}AAA")


def outbound_message(*told: Notification, org: str = ORG, fields: str = "") -> bytes:
    """The envelope of a message; each record has these fields too."""
    head = (
        f"<OrganizationId>{org}</OrganizationId><ActionId>04k000000000001AAA</ActionId>"
        f"<SessionId>{SESSION}</SessionId><EnterpriseUrl>https://x/c</EnterpriseUrl>"
        "<PartnerUrl>https://x/u</PartnerUrl>"
    )
    each = "".join(
        f'<Notification><Id>{one.id}</Id><sObject xsi:type="sf:{one.sobject}">'
        f"<sf:Id>{one.salesforce_id}</sf:Id>{fields}</sObject></Notification>"
        for one in told
    )
    return write_envelope(
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound"'
        ' xmlns:sf="urn:sobject.enterprise.soap.sforce.com"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{head}{each}</notifications>'
    )
