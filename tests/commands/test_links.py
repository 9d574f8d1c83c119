"""`erp-bridge links` on a real database."""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.app import open_application
from bridge.cli import main
from bridge.matching.model import MODEL_FILE, load_model
from bridge.operations.audit import list_audit
from bridge.settings import find_config
from tests.builders import crm_record, customer
from tests.quality.companies import company, corrupt
from tests.storing import save_crm, save_erp


@pytest.fixture(autouse=True)
def both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1 is certainly the first Account, C2 may be the second, C3 is nobody."""
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    monkeypatch.setenv("ERP_BRIDGE_MATCHING__SCORED", "false")
    application = open_application()
    application.prepare_database()
    other = {"tax_number": "DE987654321", "email": None, "website": None}
    with application.sessions.begin() as session:
        save_erp(
            session,
            customer(),
            customer(number="C2", name="Bolt AG", **other),
            customer(number="C3", name="New", tax_number=None, email=None, website=None),
        )
        save_crm(
            session,
            crm_record(customer(), erp_key=None, salesforce_id="001000000000001AAA"),
            crm_record(
                customer(name="Nut AG", **other), erp_key=None, salesforce_id="001000000000002AAA"
            ),
        )
    application.engine.dispose()


def links(*words: str) -> Result:
    return CliRunner().invoke(main, ["links", *words])


def said(*words: str) -> str:
    done = links(*words)
    assert done.exit_code == 0, done.output
    return done.output


def test_suggest_then_answer() -> None:
    """What is found is kept; a yes links, a no is remembered, both stand in the audit trail."""
    assert "3 customers without an Account: 1 certain, 1 to be asked, 1 new" in said("suggest")
    assert "names that share no word" in said("list")
    shown = said("show", "2")
    assert "the same tax number, but names that share no word" in shown
    assert "+30.0" in shown
    assert said("confirm", "1", "--by", "ada") == "link 1 is made\n"
    assert said("reject", "2", "--reason", "a pun", "--by", "ada") == "link 2 is rejected\n"
    assert "0 certain, 0 to be asked, 2 new" in said("suggest")
    assert json.loads(said("list", "--json")) == []
    kept = {one["number"]: one["status"] for one in json.loads(said("list", "--all", "--json"))}
    assert kept == {"C1": "LINKED", "C2": "REJECTED"}
    assert "by ada" in said("show", "2")
    deeds = {(one.actor, one.subject.split()[1]) for one in list_audit(open_application().sessions)}
    assert deeds == {("ada", "C1"), ("ada", "C2")}


def test_a_dry_run_keeps_nothing() -> None:
    """It tells what it would propose."""
    found = json.loads(said("suggest", "--dry-run", "--json"))
    assert [one["certainty"] for one in found["proposals"]] == ["LINK", "SUGGEST"]
    assert json.loads(said("list", "--json")) == []


def test_long_lists_are_cut() -> None:
    """Both say how much is left out; `--json` leaves nothing out."""
    assert "1 more are not shown: see --limit" in said("suggest", "--limit", "1")
    assert said("list", "--all", "--limit", "1").endswith("1 more are not shown: see --limit\n")
    assert len(json.loads(said("list", "--all", "--limit", "1", "--json"))) == 2


def test_unlinking() -> None:
    """A link whose Account does not carry the key yet is taken back at once."""
    said("suggest")
    said("confirm", "1")
    assert said("unlink", "C1", "--reason", "slip") == "customer C1 is unlinked\n"
    assert "0 certain" in said("suggest")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["show", "9"], "there is no proposed link 9: see erp-bridge links list --all"),
        (["confirm", "9"], "there is no proposed link 9"),
        (["reject", "1", "--reason", "x"], "link 1 is LINKED by ada already"),
        (["confirm", "1"], "link 1 is LINKED by ada already"),
        (["unlink", "C9", "--reason", "x"], "customer C9 is linked to nothing"),
    ],
)
def test_what_cannot_be(words: list[str], complaint: str) -> None:
    """One line, and nothing changed."""
    said("suggest")
    said("confirm", "1", "--by", "ada")
    before = said("list", "--all", "--json")
    done = links(*words)
    assert (done.exit_code, complaint in done.output) == (2, True), done.output
    assert said("list", "--all", "--json") == before


def test_a_stranger_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the settings name people, only they may."""
    (tmp_path / "bridge.toml").write_text('[breaks]\npeople = ["ada"]\n')
    said("suggest")
    done = links("confirm", "1", "--by", "eve", "--config", str(tmp_path))
    assert (done.exit_code, "eve" in done.output) == (2, True)


def test_the_account_that_was_taken(tmp_path: Path) -> None:
    """What changed hands meanwhile is not linked twice."""
    said("suggest")
    application = open_application()
    with application.sessions.begin() as session:
        save_crm(session, crm_record(customer(), salesforce_id="001000000000001AAA"))
    application.engine.dispose()
    done = links("confirm", "1")
    assert (done.exit_code, "look again with" in done.output) == (2, True), done.output


def test_too_few_to_learn_from(tmp_path: Path) -> None:
    """Training says so, names no file, and needs a folder of one's own."""
    done = links("train", "--config", str(tmp_path))
    assert (done.exit_code, "it takes 500 of each" in done.output) == (2, True), done.output
    assert not (tmp_path / "matching.json").exists()
    assert "--config names the folder" in links("train").output
    (tmp_path / "matching.json").write_text("{}")
    assert "--replace writes over it" in links("train", "--config", str(tmp_path)).output


def test_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is fitted to one's own customers in the place of one of no use, and then counts."""
    monkeypatch.setenv("ERP_BRIDGE_MATCHING__SCORED", "true")
    file = tmp_path / "matching.json"
    file.write_text("{}")
    same = careless(510)
    folder = ("--config", str(tmp_path))
    done = links("suggest", *folder)
    assert (done.exit_code, "train it anew with erp-bridge links train" in done.output) == (2, True)
    assert said("train", "--replace", *folder) == (
        f"{file}: trained on 513 customers and 512 Accounts that were not linked\n"
    )
    fitted = load_model(file).fields["street"]["the same"]
    assert fitted.same < load_model(find_config(None, MODEL_FILE)).fields["street"]["the same"].same
    found = json.loads(said("suggest", "--dry-run", "--json", *folder))["proposals"]
    right = {(one["erp"], one["crm"]) for one in found} & same
    assert len(right) > 0.95 * len(same)


def careless(count: int) -> set[tuple[str, str]]:
    """As many on either side, whose addresses are not kept with care; who belongs together."""
    chance = random.Random(5)
    made = [company(chance) for _ in range(count)]
    ids = [f"001{number + 10:012d}AAA" for number in range(count)]
    erp = [customer(number=f"P{number}", **values) for number, values in enumerate(made)]
    crm = [customer(**corrupt(chance, values, 0.5)) for values in made]
    application = open_application()
    with application.sessions.begin() as session:
        save_erp(session, *erp)
        rows = zip(ids, crm, strict=True)
        save_crm(session, *(crm_record(one, erp_key=None, salesforce_id=id_) for id_, one in rows))
    application.engine.dispose()
    return {(one.number, id_) for one, id_ in zip(erp, ids, strict=True)}
