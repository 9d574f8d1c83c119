"""What is likely, by Splink and the model that ships with the project."""

import random
from dataclasses import replace

import pytest

from bridge.domain.identity import identity_of
from bridge.domain.matching import Certainty, Proposal
from bridge.domain.records import values_of
from bridge.matching.exact import Known
from bridge.matching.model import MODEL_FILE, load_model
from bridge.matching.proposing import Matcher, propose
from bridge.settings import find_config
from tests.builders import customer
from tests.quality.companies import Truth, two_sides
from tests.quality.measuring import pairs_of, quality

MATCHER = Matcher(model=load_model(find_config(None, MODEL_FILE)))
NOTHING = {"tax_number": None, "email": None, "website": None, "phone": None}


def known(known_as: str, **changes: object) -> Known:
    return Known(1, known_as, identity_of(values_of(customer(**changes))))


@pytest.fixture(scope="module")
def truth() -> Truth:
    return two_sides(400, corruption=0.2, seed=7)


@pytest.fixture(scope="module")
def found(truth: Truth) -> list[Proposal]:
    return propose(MATCHER, truth.erp, truth.crm)[0]


def test_quality(truth: Truth, found: list[Proposal]) -> None:
    """Links are right, and with suggestions nearly all is found, as exact keys do not."""
    links = quality(pairs_of(found, Certainty.LINK), truth.same)
    everything = quality(pairs_of(found), truth.same)
    exact = quality(pairs_of(propose(Matcher(), truth.erp, truth.crm)[0]), truth.same)
    assert links.precision > 0.98
    assert links.recall > 0.8 > exact.recall
    assert everything.recall > 0.97


def test_order_changes_nothing(truth: Truth, found: list[Proposal]) -> None:
    """Nor do the ids of records: the same proposals, for the same reasons."""
    chance = random.Random(3)
    erp, crm = (
        [replace(one, record_id=chance.randrange(10**6)) for one in chance.sample(side, len(side))]
        for side in (truth.erp, truth.crm)
    )
    assert propose(MATCHER, erp, crm)[0] == found


def test_each_reason_adds_up(found: list[Proposal]) -> None:
    """What was known before, and each field's bits, make the score."""
    for one in found:
        if one.pair.bits is not None:
            assert sum(part.bits for part in one.pair.evidence) == pytest.approx(
                one.pair.bits, abs=0.1
            )


OTHER: dict[str, object] = {
    "name": "Bolt SARL",
    "tax_number": None,
    "email": "a@bolt.example",
    "phone": "+33 1 4455 6677",
    "website": None,
    "billing_street": "Rue Pasteur 9",
    "billing_city": "Lyon",
    "billing_postal_code": "69001",
    "billing_country": "FR",
}


@pytest.fixture(scope="module")
def few() -> dict[tuple[str, str], Proposal]:
    """What is proposed for a plain pair, affiliates, strangers, and a pair that was refused."""
    roof = {"tax_number": None, "email": "x@roof.example", "billing_postal_code": "20095"}
    roof |= {"billing_street": "Ring 7", "billing_city": "Hamburg", "phone": "+49 40 77 88 99"}
    erp = [
        known("plain", **NOTHING),
        known("affiliate", name="Roof Logistik GmbH", **roof),
        known("stranger", name="Zeta Optik AG", **{**NOTHING, "billing_street": None}),
        known("refused", **OTHER),
    ]
    crm = [
        known("plain", **{**NOTHING, "name": "MUSTER", "billing_street": "Hauptstr. 1"}),
        known("affiliate", name="Roof Bau AG", **roof),
        known("refused", **OTHER),
    ]
    proposals, _ = propose(MATCHER, erp, crm, refused={("refused", "refused")})
    return {(one.pair.erp, one.pair.crm): one for one in proposals}


def test_who_is_proposed(few: dict[tuple[str, str], Proposal]) -> None:
    """Neither who has nothing in common, nor what somebody refused."""
    assert few.keys() == {("plain", "plain"), ("affiliate", "affiliate")}


def test_a_link_without_any_key(few: dict[tuple[str, str], Proposal]) -> None:
    """The same name and address, typed in another way; each field tells what it adds."""
    one = few["plain", "plain"]
    told = {part.field: (part.level, part.erp, part.crm) for part in one.pair.evidence}
    assert (one.certainty, one.why) == (Certainty.LINK, "certain by its score")
    assert told["street"] == ("the same", "hauptstr 1", "hauptstr 1")
    assert told["tax number"] == ("unknown", "", "")


def test_affiliates_are_asked_for(few: dict[tuple[str, str], Proposal]) -> None:
    """One roof, one domain, another name: never linked by itself."""
    assert few["affiliate", "affiliate"].certainty is Certainty.SUGGEST


def test_what_many_share_is_told() -> None:
    """It is no reason to compare them, so the work does not grow with its square."""
    shared = {**NOTHING, "billing_street": None, "billing_postal_code": None}
    erp = [known(f"C{n}", **shared) for n in range(25)]
    crm = [known(f"a{n}", **shared) for n in range(25)]
    proposals, notes = propose(MATCHER, erp, crm)
    assert proposals == []
    assert "not compared for name 'muster': 625 pairs share it" in notes
