"""What the sandbox says of its objects, as the connector reads it."""

from bridge.salesforce import SalesforceClient


def test_reads_what_the_org_says_of_a_field(sandbox_client: SalesforceClient) -> None:
    """Type, size, permissions, uniqueness, choices and where a reference leads."""
    described = sandbox_client.describe(["Account", "ERP_Invoice__c"])
    account, invoice = described["Account"], described["ERP_Invoice__c"]
    assert (account.label, account.queryable, account.createable) == ("Account", True, True)
    key = account.fields["ERP_Key__c"]
    assert (key.type, key.length) == ("string", 80)
    assert key.external_id
    assert key.unique
    assert key.case_sensitive
    status = account.fields["ERP_Status__c"]
    assert (status.restricted, status.choices) == (True, ("ACTIVE", "BLOCKED", "CLOSED"))
    assert not account.fields["Type"].restricted
    name, stamp = account.fields["Name"], account.fields["SystemModstamp"]
    assert (name.nillable, name.defaulted) == (False, False)
    assert (stamp.createable, stamp.updateable) == (False, False)
    gross = invoice.fields["Gross_Amount__c"]
    assert (gross.type, gross.precision, gross.scale) == ("double", 18, 4)
    assert account.fields["NumberOfEmployees"].precision == 8
    parent = invoice.reference("Account__r")
    assert parent is not None
    assert (parent.name, parent.references) == ("Account__c", ("Account",))
    assert invoice.reference("Owner__r") is None


def test_leaves_out_what_the_org_does_not_know(sandbox_client: SalesforceClient) -> None:
    """One unknown name does not hide the known ones."""
    assert list(sandbox_client.describe(["Nothing__c", "Account"])) == ["Account"]
    assert sandbox_client.describe(["Nothing__c"]) == {}
