"""THE decision table, row by row."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.comparison import Tolerance
from bridge.domain.decisions import (
    Break,
    BreakKind,
    Correction,
    Decision,
    FieldCorrection,
    Reason,
    Version,
    Versions,
)
from bridge.domain.reconcile import decide
from bridge.domain.records import CustomerStatus, RecordKey, RecordType, System, Value
from bridge.domain.rulings import Ruling, Verdict
from bridge.domain.survivorship import Rules, Survivor
from tests.builders import EARLY, crm_values, customer, invoice, rules

KEY = RecordKey(RecordType.CUSTOMER, "", "C1")
INVOICE_KEY = RecordKey(RecordType.INVOICE, "1000", "I1")
LATE = EARLY + timedelta(hours=1)
ABSENT: Any = object()


def versions(
    erp: Mapping[str, Value | None] | None,
    crm: Mapping[str, Value | None] | None,
    agreed: Mapping[str, Value | None] | None = None,
    **changes: Any,
) -> Versions:
    """The three versions of customer C1, linked as it should be."""
    plain = Versions(
        key=KEY,
        erp=None if erp is None else Version(erp, EARLY),
        crm=None if crm is None else Version(crm, EARLY),
        agreed=agreed,
        crm_key=None if crm is None else "C1",
    )
    return replace(plain, **changes)


def decide_phone(erp: Any, crm: Any, agreed: Any, **changes: Any) -> Decision:
    """Decides a customer of whom only the phone is compared. ABSENT: never agreed, or not read."""
    sides = [{} if value is ABSENT else {"phone": value} for value in (erp, crm, agreed)]
    return decide(versions(*sides), rules(RecordType.CUSTOMER, "phone", **changes))


def corrected(target: System, old: Any, new: Any, reason: Reason) -> Decision:
    return Decision((Correction(target, (FieldCorrection("phone", old, new, reason),)),))


def broken(kind: BreakKind, detail: str, **where: Any) -> Decision:
    return Decision(breaks=(Break(kind, detail, **where),))


# Existence


def test_erp_yes_crm_never_creates_it_in_the_crm() -> None:
    """A record that Salesforce never had is created there with every value that the ERP holds."""
    found = decide(versions(crm_values(customer(phone=None)), None), rules())
    (correction,) = found.corrections
    assert correction.target is System.CRM
    assert {field.reason for field in correction.fields} == {Reason.NEW}
    assert {field.old for field in correction.fields} == {None}
    expected = {k: v for k, v in crm_values(customer()).items() if k != "phone"}
    assert {field.name: field.new for field in correction.fields} == expected
    assert (found.breaks, found.agreed) == ((), None)


def test_erp_yes_crm_never_creates_compared_fields_alone() -> None:
    """What the ERP does not maintain, or Salesforce cannot hold, is not created."""
    found = decide(versions(crm_values(customer()), None), rules(RecordType.CUSTOMER, "name"))
    assert [field.name for field in found.corrections[0].fields] == ["name"]


def test_erp_yes_crm_never_is_held_until_its_customer_is_known() -> None:
    """A document waits for its customer, which the break names."""
    waiting = versions(crm_values(invoice()), None, key=INVOICE_KEY, customer_known=False)
    assert decide(waiting, rules(RecordType.INVOICE)) == broken(
        BreakKind.CUSTOMER_UNKNOWN, "waits for customer C1"
    )


def test_erp_yes_crm_deleted_is_a_break() -> None:
    """What was deleted in Salesforce is not created again by the bridge on its own."""
    gone = versions({"phone": "1"}, {"phone": "1"}, {"phone": "1"})
    assert gone.crm is not None
    gone = replace(gone, crm=replace(gone.crm, deleted=True))
    assert decide(gone, rules()) == broken(
        BreakKind.MISSING_IN_CRM, "deleted in Salesforce, still in the ERP"
    )


@pytest.mark.parametrize("lost", [System.CRM, System.ERP])
def test_what_one_side_deleted_and_the_other_changed_is_a_break_of_its_own(lost: System) -> None:
    """It tells what was changed; only what looks different was not."""
    agreed = {"phone": "+49 30 1", "name": "Muster", "website": None}
    edited = Version({"phone": "+49 30 2", "name": "MUSTER", "website": "x.example"}, EARLY)
    gone = Version(agreed, EARLY, deleted=True)
    sides = {"erp": edited, "crm": gone} if lost is System.CRM else {"erp": gone, "crm": edited}
    found = decide(replace(versions({}, {}, agreed), **sides), rules())
    where = "deleted in Salesforce, and changed in the ERP"
    if lost is System.ERP:
        where = "gone from the ERP, and changed in Salesforce"
    values = {"erp": "deleted", "crm": "deleted"}
    values["erp" if lost is System.CRM else "crm"] = (
        "phone +49 30 1 → +49 30 2, website none → x.example"
    )
    assert found == broken(BreakKind.DELETED_AND_EDITED, f"{where} since both agreed", **values)


def test_a_decision_on_a_deleted_record_holds_whatever_is_changed() -> None:
    """It is entered again with all that the ERP holds by then; if the ERP lost it, it is not."""
    ruling = Ruling(
        kind=BreakKind.DELETED_AND_EDITED,
        field="",
        erp="phone 1 → 2",
        crm="deleted",
        verdict=Verdict.RECREATE,
        by="anna",
        at=EARLY,
    )
    gone = Version({"phone": "1"}, EARLY, deleted=True)
    lost = replace(versions({"phone": "2"}, {}, {"phone": "1"}), crm=gone, rulings=(ruling,))
    only = rules(RecordType.CUSTOMER, "phone")
    value = FieldCorrection("phone", None, "2", Reason.RECREATED, "anna")
    expected = Decision((Correction(System.CRM, (value,)),), obeyed=(ruling,))
    assert decide(lost, only) == expected
    changed = decide(replace(lost, erp=Version({"phone": "3"}, EARLY)), only)
    assert (changed.corrections[0].fields[0].new, changed.breaks) == ("3", ())
    alive = Version({"phone": "3"}, EARLY)
    (found,) = decide(replace(lost, erp=gone, crm=alive), only).breaks
    assert found == Break(
        BreakKind.DELETED_AND_EDITED,
        "gone from the ERP, and changed in Salesforce since both agreed",
        erp="deleted",
        crm="phone 1 → 3",
    )


def test_erp_yes_crm_merged_into_another_key_is_a_break() -> None:
    """Two customers of the ERP have become one Account: which of them is left, a person says."""
    other = RecordKey(RecordType.CUSTOMER, "", "C2")
    lost = versions({"phone": "1"}, {"phone": "1"}, {"phone": "1"}, merged_into=other)
    assert lost.crm is not None
    lost = replace(lost, crm=replace(lost.crm, deleted=True))
    assert decide(lost, rules()) == broken(
        BreakKind.MERGED_IN_CRM, "merged in Salesforce into the record of C2"
    )
    gone = replace(lost, erp=Version({"phone": "1"}, EARLY, deleted=True))
    assert decide(gone, rules()) == Decision()


def test_a_record_that_won_a_merge_gets_the_key_first() -> None:
    """The fields are compared once it carries it; a key that somebody gave it is a mismatch."""
    erp, crm = {"number": "C1", "phone": "1"}, {"number": None, "phone": "2"}
    won = versions(erp, crm, {"number": "C1", "phone": "1"}, key_pending=True, crm_key=None)
    key = FieldCorrection("number", None, "C1", Reason.LINKED)
    assert decide(won, rules()) == Decision((Correction(System.CRM, (key,)),))
    (found,) = decide(replace(won, crm_key="C9"), rules()).breaks
    assert found.kind is BreakKind.KEY_MISMATCH
    (found,) = decide(replace(won, key_pending=False), rules()).breaks
    assert found.kind is BreakKind.KEY_MISMATCH


def test_documents_of_a_merged_customer_belong_to_the_one_that_won() -> None:
    """There they agree, and there new ones are created; the ERP may go on naming the other."""
    only = rules(RecordType.INVOICE, "customer_number", mirrored=frozenset({"customer_number"}))
    there = versions(
        {"customer_number": "C1"},
        {"customer_number": "C2"},
        {"customer_number": "C1"},
        key=INVOICE_KEY,
        crm_key="1000/I1",
        customer_in_crm="C2",
    )
    assert decide(there, only) == Decision(agreed={"customer_number": "C2"})
    new = replace(there, crm=None, crm_key=None, agreed=None)
    (correction,) = decide(new, only).corrections
    assert [(field.name, field.new) for field in correction.fields] == [("customer_number", "C2")]
    astray = replace(there, crm=Version({"customer_number": "C3"}, EARLY))
    (correction,) = decide(astray, only).corrections
    assert (correction.target, correction.fields[0].new) == (System.CRM, "C2")


def test_what_the_crm_takes_for_a_duplicate_is_a_break_and_stays_wanted() -> None:
    """Accepted, it is no break any more, and is still not sent again by itself."""
    new = versions({"phone": "1"}, None, duplicates=("001A", "001B"))
    wanted = decide(replace(new, duplicates=()), rules(RecordType.CUSTOMER, "phone"))
    detail = "Salesforce takes it for 001A, 001B"
    duplicate = Break(BreakKind.DUPLICATE_IN_CRM, detail, crm="001A, 001B")
    assert decide(new, rules(RecordType.CUSTOMER, "phone")) == replace(wanted, breaks=(duplicate,))
    ruling = Ruling(
        kind=BreakKind.DUPLICATE_IN_CRM,
        field="",
        erp=None,
        crm="001A, 001B",
        verdict=Verdict.ACCEPT,
        by="anna",
        at=EARLY,
    )
    accepted = decide(replace(new, rulings=(ruling,)), rules(RecordType.CUSTOMER, "phone"))
    assert accepted == replace(wanted, obeyed=(ruling,))
    agreeing = versions({"phone": "1"}, {"phone": "1"}, duplicates=("001A",))
    assert decide(agreeing, rules(RecordType.CUSTOMER, "phone")).breaks == ()


def test_erp_deleted_crm_yes_is_a_break() -> None:
    """What is gone from the ERP is not deleted in Salesforce by the bridge on its own."""
    gone = versions({"phone": "1"}, {"phone": "1"})
    assert gone.erp is not None
    gone = replace(gone, erp=replace(gone.erp, deleted=True))
    assert decide(gone, rules()) == broken(
        BreakKind.MISSING_IN_ERP, "gone from the ERP, still in Salesforce"
    )


@pytest.mark.parametrize("expected_in_erp", [True, False])
def test_erp_no_crm_yes_with_an_erp_key_is_a_break(expected_in_erp: bool) -> None:
    """A record that claims an ERP key which the ERP has not sent is a break for every type."""
    stranger = versions(None, {"phone": "1"}, key=None, crm_key="C9")
    assert decide(stranger, rules(expected_in_erp=expected_in_erp)) == broken(
        BreakKind.MISSING_IN_ERP,
        "Salesforce names ERP key C9, which the ERP has not sent, or another record has",
    )


@pytest.mark.parametrize("key", [None, ""])
def test_erp_no_crm_yes_without_an_erp_key_is_a_break_for_documents(key: str | None) -> None:
    """An invoice that somebody entered in Salesforce is missing in the books."""
    stranger = versions(None, {}, key=None, crm_key=key)
    assert decide(stranger, rules(RecordType.INVOICE)) == broken(
        BreakKind.MISSING_IN_ERP, "entered in Salesforce, unknown to the ERP"
    )


def test_erp_no_crm_yes_without_an_erp_key_is_none_of_our_business_for_prospects() -> None:
    """An Account that no ERP knows is a prospect."""
    stranger = versions(None, {"phone": "1"}, key=None, crm_key=None)
    assert decide(stranger, rules()) == Decision()


@pytest.mark.parametrize("erp_deleted", [None, True])
@pytest.mark.parametrize("crm_deleted", [None, True])
def test_erp_no_crm_no_decides_nothing(erp_deleted: bool | None, crm_deleted: bool | None) -> None:
    """What is gone on both sides, or was never there, is nobody's business."""
    gone = Version({"phone": "1"}, EARLY, deleted=True)
    nothing = Versions(
        key=KEY, erp=gone if erp_deleted else None, crm=gone if crm_deleted else None
    )
    assert decide(nothing, rules()) == Decision()


@pytest.mark.parametrize(("found", "named"), [("C2", "C2"), (None, "none"), ("", "none")])
def test_erp_yes_crm_yes_under_another_key_is_a_break(found: str | None, named: str) -> None:
    """A linked record whose External ID was changed is left alone until somebody looks."""
    moved = versions({"phone": "1"}, {"phone": "2"}, {"phone": "1"}, crm_key=found)
    assert decide(moved, rules(RecordType.CUSTOMER, "phone")) == broken(
        BreakKind.KEY_MISMATCH,
        f"Salesforce names ERP key {named}, expected C1",
        erp="C1",
        crm=found or None,
    )


# Fields


@pytest.mark.parametrize("agreed", ["1", "0", None, ABSENT])
def test_equal_values_match_whatever_was_agreed(agreed: Any) -> None:
    """Both sides hold the same: AGREED takes it, if it is news, and nothing else happens."""
    moved = None if agreed == "1" else {"phone": "1"}
    assert decide_phone("1", "1", agreed) == Decision(agreed=moved)


def test_values_that_only_look_different_match() -> None:
    """AGREED takes the ERP's way to write it."""
    assert decide_phone(" 1  2", "1 2", ABSENT) == Decision(agreed={"phone": " 1  2"})


@pytest.mark.parametrize("new", ["2", None])
def test_a_value_changed_in_the_erp_goes_to_the_crm(new: str | None) -> None:
    """Only the ERP moved away from the agreement, to another value or to none."""
    assert decide_phone(new, "1", "1") == corrected(System.CRM, "1", new, Reason.ERP_CHANGED)


@pytest.mark.parametrize("new", ["2", None])
def test_a_value_changed_in_the_crm_goes_to_the_erp(new: str | None) -> None:
    """Only Salesforce moved away from the agreement, to another value or to none."""
    assert decide_phone("1", new, "1") == corrected(System.ERP, "1", new, Reason.CRM_CHANGED)


def test_a_value_filled_in_after_empty_was_agreed_is_a_change() -> None:
    """Having agreed on nothing is an agreement too."""
    assert decide_phone("2", None, None) == corrected(System.CRM, None, "2", Reason.ERP_CHANGED)
    assert decide_phone(None, "2", None) == corrected(System.ERP, None, "2", Reason.CRM_CHANGED)


@pytest.mark.parametrize("new", ["2", None, "x" * 41])
def test_a_mirrored_value_changed_in_the_crm_is_put_back(new: str | None) -> None:
    """What Salesforce only shows goes back to the ERP's value."""
    mirrored = frozenset({"phone"})
    assert decide_phone("1", new, "1", mirrored=mirrored) == corrected(
        System.CRM, new, "1", Reason.MIRRORED
    )


@pytest.mark.parametrize(("crm", "agreed"), [("1", "1"), ("3", "1"), ("3", ABSENT), (None, ABSENT)])
def test_a_mirrored_value_is_the_erps(crm: str | None, agreed: Any) -> None:
    """However the other versions stand, a mirrored field takes the ERP's value."""
    found = decide_phone("2", crm, agreed, mirrored=frozenset({"phone"}))
    assert found == corrected(System.CRM, crm, "2", Reason.ERP_CHANGED)


@pytest.mark.parametrize("agreed", ["1", ABSENT])
def test_both_changed_and_the_erp_survives(agreed: Any) -> None:
    """Survivorship `erp`: the ERP's value is carried over."""
    found = decide_phone("2", "3", agreed, survivors={"phone": Survivor.ERP})
    assert found == corrected(System.CRM, "3", "2", Reason.SURVIVED)


@pytest.mark.parametrize("agreed", ["1", ABSENT])
def test_both_changed_and_the_crm_survives(agreed: Any) -> None:
    """Survivorship `crm`: Salesforce's value is carried over."""
    found = decide_phone("2", "3", agreed, survivors={"phone": Survivor.CRM})
    assert found == corrected(System.ERP, "2", "3", Reason.SURVIVED)


def test_both_changed_and_a_person_decides() -> None:
    """Survivorship `review`: a break that shows both values."""
    found = decide_phone("2", "3", "1", survivors={"phone": Survivor.REVIEW})
    assert found == broken(
        BreakKind.CONFLICT, "changed in both systems", field="phone", erp="2", crm="3"
    )


@pytest.mark.parametrize(
    ("erp_at", "crm_at", "expected"),
    [
        (LATE, EARLY, corrected(System.CRM, "3", "2", Reason.SURVIVED)),
        (EARLY, LATE, corrected(System.ERP, "2", "3", Reason.SURVIVED)),
        (
            EARLY,
            EARLY,
            broken(BreakKind.CONFLICT, "changed in both systems", field="phone", erp="2", crm="3"),
        ),
    ],
)
def test_both_changed_and_the_latest_survives(erp_at: Any, crm_at: Any, expected: Decision) -> None:
    """Survivorship `latest`: the side that changed last; of two at one instant, nobody knows."""
    both = Versions(
        key=KEY,
        erp=Version({"phone": "2"}, erp_at),
        crm=Version({"phone": "3"}, crm_at),
        agreed={"phone": "1"},
        crm_key="C1",
    )
    latest = rules(RecordType.CUSTOMER, "phone", survivors={"phone": Survivor.LATEST})
    assert decide(both, latest) == expected


def test_the_default_survivor_serves_fields_without_their_own() -> None:
    """A field that survivorship does not name follows the record type's default."""
    found = decide_phone("2", "3", "1", default_survivor=Survivor.CRM)
    assert found == corrected(System.ERP, "2", "3", Reason.SURVIVED)


@pytest.mark.parametrize(
    "changes",
    [
        {"survivors": {"phone": Survivor.REVIEW}},
        {"survivors": {"phone": Survivor.CRM}, "review_created": True},
        {"mirrored": frozenset({"phone"}), "review_created": True},
    ],
)
def test_created_in_both_and_a_person_decides(changes: dict[str, Any]) -> None:
    """Both came with a value of their own: never a conflict, as nothing was agreed before.

    Where the rules leave that to a person, nobody survives, and nothing is put back.
    """
    detail = "never agreed, each has its own value"
    found = decide_phone("2", "3", ABSENT, **changes)
    assert found == broken(BreakKind.CREATED_IN_BOTH, detail, field="phone", erp="2", crm="3")
    ruling = Ruling(
        kind=BreakKind.CREATED_IN_BOTH,
        field="phone",
        erp="2",
        crm="3",
        verdict=Verdict.SET,
        value="3",
        by="anna",
        at=EARLY,
    )
    both = versions({"phone": "2"}, {"phone": "3"}, rulings=(ruling,))
    decided = decide(both, rules(RecordType.CUSTOMER, "phone", **changes))
    value = FieldCorrection("phone", "2", "3", Reason.RULED, "anna")
    assert decided == Decision((Correction(System.ERP, (value,)),), obeyed=(ruling,))


@pytest.mark.parametrize("review_created", [True, False])
def test_a_value_beats_none_in_what_only_one_side_entered(review_created: bool) -> None:
    """What one side left empty is nothing to decide; a mirrored field is the ERP's all the same."""
    found = decide_phone("2", None, ABSENT, review_created=review_created)
    assert found == corrected(System.CRM, None, "2", Reason.ONLY_VALUE)
    mirrored = frozenset({"phone"})
    found = decide_phone(None, "3", ABSENT, review_created=review_created, mirrored=mirrored)
    assert found == corrected(System.CRM, "3", None, Reason.MIRRORED)


TRANSITIONS = {"PAID": frozenset({"DISPUTED"}), "VOID": frozenset[str]()}


def decide_status(erp: Any, crm: Any, agreed: Any, **changes: Any) -> Decision:
    """Decides an invoice of which only the status is compared."""
    sides = [{"status": value} for value in (erp, crm, agreed)]
    linked = versions(*sides, key=INVOICE_KEY, crm_key=str(INVOICE_KEY))
    only = rules(RecordType.INVOICE, "status", transitions=TRANSITIONS, **changes)
    return decide(linked, only)


@pytest.mark.parametrize(
    ("erp", "crm", "agreed", "senseless"),
    [
        ("OPEN", "PAID", "PAID", "PAID → OPEN"),
        ("PAID", "OPEN", "PAID", "PAID → OPEN"),
        ("DISPUTED", "PAID", "PAID", None),
        ("PAID", "OPEN", "OPEN", None),
        ("OPEN", "VOID", "VOID", "VOID → OPEN"),
        ("OPEN", "DISPUTED", "PAID", "PAID → OPEN"),
    ],
)
def test_a_status_that_cannot_follow_is_a_break(
    erp: str, crm: str, agreed: str, senseless: str | None
) -> None:
    """It is carried nowhere, whichever side it comes from; one that can follow is."""
    found = decide_status(erp, crm, agreed, default_survivor=Survivor.ERP)
    if senseless is None:
        assert found.breaks == ()
        assert len(found.corrections) == 1
        return
    detail = f"{senseless}, which cannot follow it"
    kind = BreakKind.STATUS_TRANSITION
    assert found == broken(kind, detail, field="status", erp=erp, crm=crm)


def test_a_senseless_status_is_put_back_where_it_is_only_mirrored() -> None:
    """Nothing was decided there; a code that Salesforce alone knows is put back as well."""
    mirrored = frozenset({"status"})
    for crm in ("OPEN", "DORMANT"):
        (correction,) = decide_status("PAID", crm, "PAID", mirrored=mirrored).corrections
        assert (correction.target, correction.fields[0].new) == (System.CRM, "PAID")


def test_both_sides_may_agree_on_a_senseless_status() -> None:
    """What both say is no difference."""
    found = decide_status("OPEN", "OPEN", "PAID")
    assert (found.breaks, found.agreed) == ((), {"status": "OPEN"})


def test_never_agreed_and_only_the_erp_has_a_value() -> None:
    """A value beats none, whoever would survive."""
    found = decide_phone("2", None, ABSENT, survivors={"phone": Survivor.CRM})
    assert found == corrected(System.CRM, None, "2", Reason.ONLY_VALUE)


def test_never_agreed_and_only_the_crm_has_a_value() -> None:
    """A value beats none, whoever would survive."""
    found = decide_phone(None, "3", ABSENT, survivors={"phone": Survivor.ERP})
    assert found == corrected(System.ERP, None, "3", Reason.ONLY_VALUE)


# What cannot be carried


def test_a_value_of_the_crm_that_the_contract_refuses_is_a_break() -> None:
    """The ERP is never told to take what its own submission could not carry."""
    found = decide_phone("1", "x" * 41, "1")
    assert found == broken(
        BreakKind.UNFIT_VALUE,
        "phone has 41 characters; at most 40 are allowed",
        field="phone",
        erp="1",
        crm="x" * 41,
    )


def test_a_required_value_emptied_in_the_crm_is_a_break() -> None:
    """The ERP cannot do without a name."""
    one = {"name": "Muster"}
    found = decide(versions(one, {"name": None}, one), rules(RecordType.CUSTOMER, "name"))
    assert [(it.kind, it.detail) for it in found.breaks] == [
        (BreakKind.UNFIT_VALUE, "name is required")
    ]


def test_a_value_of_the_crm_that_could_not_be_read_is_a_break() -> None:
    """What nobody could read is neither a match nor a change, even where the ERP has nothing."""
    for erp in ("1", None):
        found = decide_phone(erp, ABSENT, "1", mirrored=frozenset({"phone"}))
        assert found == broken(
            BreakKind.UNFIT_VALUE, "Salesforce's value could not be read", field="phone", erp=erp
        )


def test_a_value_of_the_crm_that_is_not_read_yet_decides_nothing() -> None:
    """Of a record that only an upsert met, what was not sent waits until it is read."""
    one = {"name": "Muster", "phone": "1"}
    seen = Version({"name": "Muster"}, EARLY, partial=True)
    known = replace(versions(one, {}, {"name": "Muster"}), crm=seen)
    assert decide(known, rules(RecordType.CUSTOMER, "name", "phone")) == Decision()


def test_a_document_changes_to_a_known_customer_only() -> None:
    """An invoice that the ERP gives to another customer waits until that one is known."""
    table = rules(RecordType.INVOICE, "customer_number", "purchase_order")
    before = {"customer_number": "C1", "purchase_order": "A"}
    after = {"customer_number": "C2", "purchase_order": "B"}
    waiting = versions(
        after, before, before, key=INVOICE_KEY, crm_key="1000/I1", customer_known=False
    )
    found = decide(waiting, table)
    assert [it.kind for it in found.breaks] == [BreakKind.CUSTOMER_UNKNOWN]
    assert [field.name for c in found.corrections for field in c.fields] == ["purchase_order"]
    assert decide(replace(waiting, customer_known=True), table).breaks == ()


# Several fields, amounts, currencies


def test_each_field_goes_its_own_way() -> None:
    """One record can send fields to both sides, match others, and break on the rest."""
    agreed = crm_values(customer())
    erp = agreed | {"name": "New name", "billing_city": "Bonn", "website": "https://new.example"}
    crm = agreed | {"phone": "555", "billing_city": "Rome", "website": "https://new.example"}
    found = decide(versions(erp, crm, agreed), rules())
    assert [(c.target, [f.name for f in c.fields]) for c in found.corrections] == [
        (System.CRM, ["name"]),
        (System.ERP, ["phone"]),
    ]
    assert [(b.kind, b.field) for b in found.breaks] == [(BreakKind.CONFLICT, "billing_city")]
    assert found.agreed == agreed | {"website": "https://new.example"}


def test_amounts_within_tolerance_match() -> None:
    """A cent's difference is no difference where the company says so."""
    tolerance = Tolerance(by_currency={"EUR": Decimal("0.01")})
    table = rules(RecordType.CUSTOMER, "currency", "credit_limit", tolerance=tolerance)
    erp: dict[str, Value | None] = {"currency": "EUR", "credit_limit": Decimal("100.00")}
    crm: dict[str, Value | None] = {"currency": "EUR", "credit_limit": Decimal("100.01")}
    assert decide(versions(erp, crm), table) == Decision(agreed=erp)


@pytest.mark.parametrize("names", [("currency", "credit_limit"), ("credit_limit", "currency")])
def test_a_carried_amount_must_fit_the_currency_carried_with_it(names: tuple[str, str]) -> None:
    """Where Salesforce changed the currency as well, amounts are held against the new one."""
    table = rules(RecordType.CUSTOMER, *names)
    erp: dict[str, Value | None] = {"currency": "EUR", "credit_limit": Decimal("100.00")}
    crm: dict[str, Value | None] = {"currency": "JPY", "credit_limit": Decimal("99.50")}
    found = decide(versions(erp, crm, erp), table)
    assert [(b.kind, b.field) for b in found.breaks] == [(BreakKind.UNFIT_VALUE, "credit_limit")]


def test_deciding_changes_no_argument() -> None:
    """The agreement that comes out is a new one; the old stays as it was."""
    agreed = {"phone": "1"}
    decide(versions({"phone": "2"}, {"phone": "2"}, agreed), rules(RecordType.CUSTOMER, "phone"))
    assert agreed == {"phone": "1"}


def test_codes_compare_by_their_text() -> None:
    """A status that was read as a text is the same as the enumeration's member."""
    table: Rules = rules(RecordType.CUSTOMER, "status")
    both = versions({"status": CustomerStatus.ACTIVE}, {"status": "ACTIVE"})
    assert decide(both, table) == Decision(agreed={"status": CustomerStatus.ACTIVE})
