"""`erp-bridge salesforce` against the sandbox."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from bridge.app import open_application
from bridge.cli import main
from bridge.operations.notifications import NOTIFICATIONS
from bridge.sandbox import SandboxServer, Setup
from bridge.store.calls import add_calls
from bridge.store.notifications import add_notifications
from tests.callers import CALL
from tests.outbound import notification
from tests.salesforce.orgs import altered_schema

CITY = 'BillingCity = { type = "string", length ='
KEY = 'ERP_Key__c = { type = "string", length = 80, unique = true, external_id = true'


def erp_bridge(*words: str) -> Result:
    """Runs a command."""
    return CliRunner().invoke(main, ["salesforce", *words], catch_exceptions=False)


@pytest.fixture
def org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A sandbox with three wrong fields, and settings that lead to it."""
    schema = altered_schema(
        tmp_path,
        (f"{KEY}, case_sensitive = true", KEY),
        (
            'BillingCity = { type = "string", length = 40',
            'BillingCity = { type = "string", length = 5',
        ),
        ("Received_On__c", "Recieved_On__c"),
    )
    with SandboxServer(tmp_path / "org.db", setup=Setup(schema=schema)) as server:
        configure(monkeypatch, server)
        yield server


def configure(monkeypatch: pytest.MonkeyPatch, server: SandboxServer) -> None:
    for name, value in (
        ("LOGIN_URL", server.url),
        ("AUTH", "client_credentials"),
        ("CLIENT_ID", server.credentials.client_id),
        ("CLIENT_SECRET", server.credentials.client_secret),
    ):
        monkeypatch.setenv(f"ERP_BRIDGE_SALESFORCE__{name}", value)


def test_check_names_what_is_wrong(org: SandboxServer) -> None:
    """Facts of the org, the three wrong fields with their lines and remedies, exit code 1."""
    result = erp_bridge("check")
    assert result.exit_code == 1
    told = " ".join(result.stdout.split())
    for words in (
        "Sandbox Organization",
        "Ada Admin",
        "API version 66.0",
        f"instance {org.url}",
        "of 100,000 in 24 hours",
        "customer.toml, line 4",
        "Account.ERP_Key__c",
        "is not case-sensitive",
        "customer.toml, line 14",
        "Account.BillingCity",
        "make it 40 long",
        "payment.toml, line 13",
        "ERP_Payment__c.Received_On__c",
        "did you mean Recieved_On__c?",
    ):
        assert words in told, words


def test_check_of_a_fitting_org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says so, also to a program, with exit code 0."""
    with SandboxServer(tmp_path / "org.db") as server:
        configure(monkeypatch, server)
        result = erp_bridge("check")
        assert (result.exit_code, "is there and fits" in result.stdout) == (0, True)
        told = json.loads(erp_bridge("check", "--json").stdout)
    assert told["misfits"] == []
    assert told["user"]["username"] == "admin@example.com"
    assert abs(told["clock_ahead"]) < 60


def test_check_tells_of_a_wrong_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logins by JWT live for minutes: a clock that is ten behind is an error."""
    late = SandboxServer(
        tmp_path / "org.db", clock=lambda: datetime.now(UTC) + timedelta(minutes=10)
    )
    with late as server:
        configure(monkeypatch, server)
        result = erp_bridge("check")
    assert result.exit_code == 1
    assert "behind Salesforce's: set this machine's clock" in result.stdout


def test_check_says_why_it_cannot_log_in(
    org: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Salesforce's words, and what to look at."""
    monkeypatch.setenv("ERP_BRIDGE_SALESFORCE__CLIENT_SECRET", "wrong")
    result = erp_bridge("check")
    assert result.exit_code == 2
    assert result.stderr.strip().splitlines()[-1] == (
        "erp-bridge: Salesforce: invalid_client: invalid client credentials"
        " (the consumer secret is wrong)"
    )


def test_notifications_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By state, with what was refused; exit code 1 where one waits too long."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application, now = open_application(), datetime.now(UTC)
    application.prepare_database()
    refused = replace(CALL, at=now, operation=NOTIFICATIONS, outcome="ForeignOrganization")
    with application.sessions.begin() as session:
        add_calls(session, [refused, refused])
        add_notifications(session, [notification(1), notification(2)], now=now)
        add_notifications(session, [notification(1)], now=now)
    result = erp_bridge("notifications")
    assert result.exit_code == 0
    for words in ("Account", "WAITING", "ForeignOrganization", CALL.address):
        assert words in result.stdout
    told = json.loads(erp_bridge("notifications", "--json").stdout)
    (waiting,), (calls,) = told["notifications"], told["calls"]
    assert (waiting["count"], waiting["repeated"], calls["count"]) == (2, 1, 2)
    with application.sessions.begin() as session:
        add_notifications(session, [notification(3)], now=now - timedelta(hours=30))
    assert erp_bridge("notifications", "--since", "1h").exit_code == 1
    application.close()


def test_metadata_is_written_out(tmp_path: Path) -> None:
    """A project for `sf`, complete; an existing folder stays as it is."""
    folder = tmp_path / "org"
    result = erp_bridge("metadata", str(folder))
    assert result.exit_code == 0
    assert "sf project deploy start" in result.stdout
    assert (folder / "sfdx-project.json").is_file()
    assert list(folder.rglob("ERP_Bridge.permissionset-meta.xml"))
    assert not list(folder.rglob("*.flow-meta.xml"))
    again = erp_bridge("metadata", str(folder))
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_outbound_messages_are_written_out_with_their_endpoint(tmp_path: Path) -> None:
    """One for each mapped kind of record and a flow that sends it; none without a user."""
    folder, endpoint = tmp_path / "org", "https://bridge.example/salesforce/notifications/1.x&y"
    words = ("metadata", str(folder), "--outbound-to", endpoint)
    assert erp_bridge(*words).exit_code == 2
    assert not folder.exists()
    assert "activate" in erp_bridge(*words, "--outbound-as", "bridge@example.com").stdout
    source = folder / "force-app/main/default"
    flows = {file.name.partition(".")[0]: root_of(file) for file in source.glob("flows/*")}
    assert sorted(flows) == [
        "ERP_Bridge_Account",
        "ERP_Bridge_ERP_Credit_Memo",
        "ERP_Bridge_ERP_Invoice",
        "ERP_Bridge_ERP_Payment",
    ]
    for flow in flows.values():
        sobject = flow.findtext("{*}start/{*}object", "")
        assert flow.findtext("{*}actionCalls/{*}actionName") == f"{sobject}.ERP_Bridge"
        file = source / "workflows" / f"{sobject}.workflow-meta.xml"
        (message,) = root_of(file).iterfind("{*}outboundMessages")
        assert message.findtext("{*}endpointUrl") == endpoint
        assert message.findtext("{*}integrationUser") == "bridge@example.com"
        assert message.findtext("{*}includeSessionId") == "false"
        assert [one.text for one in message.iterfind("{*}fields")] == ["Id"]
        assert file.stat().st_mode & 0o077 == 0


def root_of(file: Path) -> etree._Element:
    return etree.parse(file).getroot()
