"""What a person ruled, and for how long the table obeys."""

from decimal import Decimal
from typing import Any

import pytest

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
from bridge.domain.records import RecordKey, RecordType, System, Value
from bridge.domain.rulings import Ruling, Verdict
from bridge.domain.survivorship import Survivor
from tests.builders import EARLY, rules

KEY = RecordKey(RecordType.CUSTOMER, "", "C1")
PHONE = rules(RecordType.CUSTOMER, "phone")


def ruling(verdict: Verdict, value: str | None = None, **changes: Any) -> Ruling:
    """Anna's decision on the phone, seen as 1 in the ERP and 2 in the CRM."""
    plain: dict[str, Any] = {"kind": BreakKind.CONFLICT, "field": "phone", "erp": "1", "crm": "2"}
    return Ruling(**{**plain, **changes}, verdict=verdict, value=value, by="anna", at=EARLY)


def versions(erp: str | None, crm: str | None, /, *rulings: Ruling, **changes: Any) -> Versions:
    """Both changed the phone since they agreed on 0."""
    plain: dict[str, Any] = {
        "key": KEY,
        "erp": Version({"phone": erp}, EARLY),
        "crm": Version({"phone": crm}, EARLY),
        "agreed": {"phone": "0"},
        "crm_key": "C1",
        "rulings": rulings,
    }
    return Versions(**{**plain, **changes})


def corrected(target: System, old: str | None, new: str | None) -> Correction:
    return Correction(target, (FieldCorrection("phone", old, new, Reason.RULED, "anna"),))


@pytest.mark.parametrize(
    ("value", "corrections"),
    [
        ("1", (corrected(System.CRM, "2", "1"),)),
        ("2", (corrected(System.ERP, "1", "2"),)),
        ("3", (corrected(System.CRM, "2", "3"), corrected(System.ERP, "1", "3"))),
        (None, (corrected(System.CRM, "2", None), corrected(System.ERP, "1", None))),
    ],
)
def test_both_sides_take_the_value(value: str | None, corrections: tuple[Correction, ...]) -> None:
    """Whoever holds another one is corrected, under the name of the person who decided."""
    taken = ruling(Verdict.SET, value)
    assert decide(versions("1", "2", taken), PHONE) == Decision(corrections, obeyed=(taken,))


@pytest.mark.parametrize(("erp", "crm", "target"), [("1", "3", "ERP"), ("3", "2", "CRM")])
def test_half_done_it_still_holds(erp: str, crm: str, target: str) -> None:
    """The side that took the value first waits for the other; it is not overruled by it."""
    taken = ruling(Verdict.SET, "3")
    decision = decide(versions(erp, crm, taken), PHONE)
    assert [one.target for one in decision.corrections] == [System(target)]
    assert decision.obeyed == (taken,)


def test_done_it_is_over() -> None:
    """Where both agree there is nothing to obey."""
    decision = decide(versions("3", "3", ruling(Verdict.SET, "3")), PHONE)
    assert decision == Decision(agreed={"phone": "3"})


def test_an_accepted_difference_is_no_break() -> None:
    """It stays as it is, and nobody agreed on anything."""
    accepted = ruling(Verdict.ACCEPT)
    assert decide(versions("1", "2", accepted), PHONE) == Decision(obeyed=(accepted,))


@pytest.mark.parametrize("verdict", list(Verdict)[:2])
@pytest.mark.parametrize(("erp", "crm"), [("9", "2"), ("1", "9"), (None, "2")])
def test_news_end_it(verdict: Verdict, erp: str | None, crm: str) -> None:
    """A value that the person did not see is decided anew."""
    decision = decide(versions(erp, crm, ruling(verdict, "3")), PHONE)
    assert [one.kind for one in decision.breaks] == [BreakKind.CONFLICT]
    assert decision.obeyed == ()


def test_a_cosmetic_change_is_no_news() -> None:
    """The same phone with other blanks."""
    accepted = ruling(Verdict.ACCEPT)
    assert decide(versions("1 ", "2", accepted), PHONE).obeyed == (accepted,)


DELETED = {"crm": Version({"phone": "2"}, EARLY, deleted=True)}
LOST = {"kind": BreakKind.MISSING_IN_CRM, "field": "", "erp": None, "crm": None}


def test_a_deletion_is_accepted() -> None:
    """It stays deleted, whatever the ERP changes meanwhile."""
    accepted = ruling(Verdict.ACCEPT, **LOST)
    assert decide(versions("7", "2", accepted, **DELETED), PHONE) == Decision(obeyed=(accepted,))


@pytest.mark.parametrize(
    ("side", "changes", "verdict", "kind"),
    [
        ("erp", {"purchase_order": "PO-2"}, Verdict.ACCEPT, None),
        ("erp", {"gross_amount": Decimal(200)}, Verdict.ACCEPT, BreakKind.DELETED_AND_EDITED),
        ("erp", {"currency": "USD"}, Verdict.ACCEPT, BreakKind.DELETED_AND_EDITED),
        ("erp", {"gross_amount": Decimal(200)}, Verdict.RECREATE, None),
        ("crm", {"purchase_order": "PO-2"}, Verdict.ACCEPT, None),
        ("crm", {"gross_amount": Decimal(200)}, Verdict.ACCEPT, BreakKind.DELETED_AND_EDITED),
    ],
)
def test_who_accepts_that_a_document_is_gone_accepts_its_amount(
    side: str, changes: dict[str, Value], verdict: Verdict, kind: BreakKind | None
) -> None:
    """Another one is decided anew; what is to be entered again is so as it is by then."""
    before: dict[str, Value] = {
        "purchase_order": "PO-1",
        "gross_amount": Decimal(1),
        "currency": "EUR",
    }
    there, gone = Version({**before, **changes}, EARLY), Version(before, EARLY, deleted=True)
    lost = BreakKind.MISSING_IN_CRM if side == "erp" else BreakKind.MISSING_IN_ERP
    seen = {"amount": Decimal(1 if side == "erp" else -1), "currency": "EUR"}
    ruled = ruling(verdict, **{**LOST, **seen, "kind": lost})
    one = Versions(
        key=RecordKey(RecordType.INVOICE, "1000", "I1"),
        erp=there if side == "erp" else gone,
        crm=gone if side == "erp" else there,
        agreed=before,
        crm_key="1000/I1",
        rulings=(ruled,),
    )
    decision = decide(one, rules(RecordType.INVOICE, *before))
    assert [found.kind for found in decision.breaks] == ([kind] if kind else [])
    assert decision.obeyed == (() if kind else (ruled,))


@pytest.mark.parametrize(("amount", "is_news"), [(1, False), (200, True)])
def test_who_accepts_another_currency_accepts_the_amount(amount: int, is_news: bool) -> None:
    """All of the document lies between both currencies' totals."""
    seen = {"field": "currency", "erp": "EUR", "crm": "GBP", "currency": "EUR"}
    accepted = ruling(Verdict.ACCEPT, **seen, amount=Decimal(1))
    euros: dict[str, Value] = {"gross_amount": Decimal(amount), "currency": "EUR"}
    one = Versions(
        key=RecordKey(RecordType.INVOICE, "1000", "I1"),
        erp=Version(euros, EARLY),
        crm=Version({**euros, "currency": "GBP"}, EARLY),
        agreed={**euros, "currency": "USD"},
        crm_key="1000/I1",
        rulings=(accepted,),
    )
    reviewed = rules(RecordType.INVOICE, *euros, default_survivor=Survivor.REVIEW)
    decision = decide(one, reviewed)
    assert [found.field for found in decision.breaks] == (["currency"] if is_news else [])


def test_what_was_deleted_is_entered_again() -> None:
    """With all that the ERP holds."""
    again = ruling(Verdict.RECREATE, **LOST)
    decision = decide(versions("1", "2", again, **DELETED), PHONE)
    entered = FieldCorrection("phone", None, "1", Reason.RECREATED, "anna")
    assert decision == Decision((Correction(System.CRM, (entered,)),), obeyed=(again,))


def test_a_ruling_on_another_kind_of_break_is_void() -> None:
    """It was deleted when the person decided; now it is there under another key."""
    decision = decide(versions("1", "2", ruling(Verdict.ACCEPT, **LOST), crm_key="C2"), PHONE)
    assert [one.kind for one in decision.breaks] == [BreakKind.KEY_MISMATCH]


def test_an_accepted_key_holds_for_that_key() -> None:
    """Yet another key is news."""
    seen = {"kind": BreakKind.KEY_MISMATCH, "field": "", "erp": "C1", "crm": "C2"}
    accepted = ruling(Verdict.ACCEPT, **seen)
    assert decide(versions("1", "2", accepted, crm_key="C2"), PHONE).breaks == ()
    (found,) = decide(versions("1", "2", accepted, crm_key="C3"), PHONE).breaks
    assert isinstance(found, Break)


@pytest.mark.parametrize("phone", [(), (ruling(Verdict.ACCEPT),)])
def test_each_thing_that_is_wrong_has_its_own_decision(phone: tuple[Ruling, ...]) -> None:
    """That Salesforce takes it for another may be accepted whatever becomes of its phone."""
    seen = {"kind": BreakKind.DUPLICATE_IN_CRM, "field": "", "erp": None, "crm": "001A"}
    double = ruling(Verdict.ACCEPT, **seen)
    one = versions(
        "1",
        "2",
        double,
        *phone,
        erp=Version({"phone": "1", "name": "New"}, EARLY),
        crm=Version({"phone": "2", "name": "Old"}, EARLY),
        agreed={"phone": "0", "name": "Old"},
        duplicates=("001A",),
    )
    decision = decide(one, rules(RecordType.CUSTOMER, "phone", "name"))
    assert [found.field for found in decision.breaks] == ([] if phone else ["phone"])
    assert decision.obeyed == (*phone, double)
    assert [correction.target for correction in decision.corrections] == [System.CRM]


def test_a_value_that_was_not_read_is_set() -> None:
    """What Salesforce holds cannot be read: the person's value replaces it."""
    unread = {"crm": Version({}, EARLY)}
    seen = {"kind": BreakKind.UNFIT_VALUE, "crm": None}
    decision = decide(versions("1", None, ruling(Verdict.SET, "1", **seen), **unread), PHONE)
    assert decision.corrections == (corrected(System.CRM, None, "1"),)
