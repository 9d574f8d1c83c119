"""A look at an org."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.domain.records import RecordType
from bridge.salesforce import Mapping, SalesforceClient, SalesforceSettings, check_org
from bridge.sandbox import SandboxServer, Setup
from tests.salesforce.orgs import altered_schema


def test_tells_who_where_and_what_is_left(
    sandbox: SandboxServer, sandbox_client: SalesforceClient, mappings: dict[RecordType, Mapping]
) -> None:
    """Org, user, version, instance, calls and clock; three calls cost."""
    before = sandbox_client.calls
    report = check_org(
        sandbox_client,
        mappings.values(),
        now=lambda: datetime.now(UTC) + timedelta(minutes=5),
    )
    assert report.user.username == sandbox.credentials.username
    assert report.user.organization_name == "Sandbox Organization"
    assert (report.api_version, report.instance) == ("66.0", sandbox.url)
    assert report.limit is not None
    assert report.limit.limit == 100_000
    assert abs(report.clock_ahead - timedelta(minutes=5)) < timedelta(seconds=30)
    assert report.misfits == ()
    assert sandbox_client.calls.since(before).other == 3


def test_names_the_three_wrong_fields(tmp_path: Path, mappings: dict[RecordType, Mapping]) -> None:
    """A key that ignores case, a city that is too short, a field under another name."""
    schema = altered_schema(
        tmp_path,
        (
            'ERP_Key__c = { type = "string", length = 80, unique = true, external_id = true, '
            "case_sensitive = true",
            'ERP_Key__c = { type = "string", length = 80, unique = true, external_id = true',
        ),
        (
            'BillingCity = { type = "string", length = 40',
            'BillingCity = { type = "string", length = 5',
        ),
        ("Received_On__c", "Recieved_On__c"),
    )
    with SandboxServer(tmp_path / "org.db", setup=Setup(schema=schema)) as server:
        settings = SalesforceSettings.model_validate(
            {
                "login_url": server.url,
                "auth": "client_credentials",
                "client_id": server.credentials.client_id,
                "client_secret": server.credentials.client_secret,
            }
        )
        with SalesforceClient(settings) as client:
            report = check_org(client, mappings.values(), now=lambda: datetime.now(UTC))
    assert [(one.name, one.grave) for one in report.misfits] == [
        ("Account.ERP_Key__c", True),
        ("Account.BillingCity", False),
        ("ERP_Payment__c.Received_On__c", True),
    ]
