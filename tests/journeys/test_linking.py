"""A bridge comes to an org whose people have entered most customers already."""

import json
import random

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.domain.records import Customer
from tests.builders import customer
from tests.journeys.world import World
from tests.quality.companies import company, corrupt

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KNOWN, NEW, ACCOUNTS_ALONE = 25, 5, 10
ROOF = {
    "tax_number": None,
    "email": "x@roof.example",
    "website": None,
    "billing_street": "Ring 7",
    "billing_city": "Hamburg",
    "billing_postal_code": "20095",
    "phone": "+49 40 77 88 99",
}
HOME = dict.fromkeys(ROOF) | {
    "tax_number": "DE987654321",
    "billing_street": "Hauptstraße 9",
    "billing_city": "Berlin",
    "billing_postal_code": "10117",
}


@pytest.fixture(autouse=True)
def _same_bridge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work on the world's database and org."""
    salesforce = world.settings.salesforce
    for name, value in {
        "DATABASE__URL": world.settings.database.url,
        "SALESFORCE__LOGIN_URL": salesforce.login_url,
        "SALESFORCE__AUTH": "client_credentials",
        "SALESFORCE__CLIENT_ID": salesforce.client_id,
        "SALESFORCE__CLIENT_SECRET": str(salesforce.client_secret.get_secret_value()),
    }.items():
        monkeypatch.setenv(f"ERP_BRIDGE_{name}", str(value))


def said(*words: str) -> str:
    """What a command says; it has to succeed."""
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.output


def jobs(*names: str) -> None:
    for name in names:
        said("job", "run", name)


def enter(world: World, number: int, values: dict[str, str | None]) -> None:
    """Somebody has entered it by hand, in another way than the ERP's clerks."""
    fields = {
        "Name": values["name"],
        "Tax_Number__c": values["tax_number"],
        "ERP_Email__c": values["email"],
        "Phone": values["phone"],
        "Website": values["website"],
        "BillingStreet": values["billing_street"],
        "BillingCity": values["billing_city"],
        "BillingPostalCode": values["billing_postal_code"],
        "BillingCountry": values["billing_country"],
        "AccountNumber": str(number),
    }
    world.enter("Account", **{name: value for name, value in fields.items() if value})


def fill(world: World) -> list[Customer]:
    """Thirty customers, of whom most are Accounts; two more that look like one Account each."""
    chance = random.Random(17)
    made = [company(chance) for _ in range(KNOWN + NEW)]
    erp = [customer(number=f"C{number}", **values) for number, values in enumerate(made)]
    erp += [
        customer(number="BAU", name="Roof Bau AG", **ROOF),
        customer(number="OLD", name="Old Name GmbH", **HOME),
    ]
    for number, values in enumerate(made[:KNOWN]):
        enter(world, number, corrupt(chance, values, 0.1))
    for number in range(ACCOUNTS_ALONE):
        enter(world, 100 + number, company(chance))
    enter(world, 201, {**ROOF, "billing_country": "DE", "name": "Roof Logistik GmbH"})
    enter(world, 202, {**HOME, "billing_country": "DE", "name": "Fresh Words GmbH"})
    world.submit(erp)
    return erp


def test_people_and_the_bridge_link_customers(world: World) -> None:
    """It suggests, a person says yes and no, and every later run remembers both."""
    erp = fill(world)
    jobs("fetch")
    said("links", "suggest")
    waiting = {one["number"]: one for one in json.loads(said("links", "list", "--json"))}
    assert {"BAU", "OLD"} < waiting.keys()
    assert "Roof Logistik" in said("links", "show", str(waiting["BAU"]["id"])).title()
    said("links", "confirm", str(waiting["OLD"]["id"]), "--by", "ada")
    no = ("--reason", "a branch", "--by", "ada")
    said("links", "reject", str(waiting["BAU"]["id"]), *no)

    for _ in range(2):
        jobs("reconcile-customers", "relay", "fetch")
        answers = json.loads(said("links", "list", "--all", "--json"))
        status = {one["number"]: (one["status"], one["decided_by"]) for one in answers}
        assert status["OLD"] == ("LINKED", "ada")
        assert status["BAU"] == ("REJECTED", "ada")

    keys = {
        row.fields["AccountNumber"]: row.fields["ERP_Key__c"]
        for row in world.query("SELECT AccountNumber, ERP_Key__c FROM Account")
    }
    assert (keys["202"], keys["201"]) == ("OLD", None)
    linked = [number for number in range(KNOWN) if keys[str(number)] == f"C{number}"]
    assert len(linked) >= KNOWN - 3
    assert not any(keys[str(100 + number)] for number in range(ACCOUNTS_ALONE))
    # Whom nobody had entered is created; who is asked for is neither created nor doubled.
    asked = {one["number"] for one in answers if one["status"] == "SUGGESTED"}
    theirs = {row.fields["ERP_Key__c"] for row in world.query("SELECT ERP_Key__c FROM Account")}
    assert theirs - {None} == {one.number for one in erp} - asked
    assert "BAU" not in asked
