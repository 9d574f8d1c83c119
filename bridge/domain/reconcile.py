"""THE decision table: from what the ERP, the CRM and both last said to what has to happen.

Existence first (no side is ever deleted or created again by the bridge on its own):

| ERP | CRM     | decision                                                           |
|-----|---------|--------------------------------------------------------------------|
| yes | never   | create it in the CRM, or hold it until its customer is known; one  |
|     |         | that may be there already is a break LINK_SUGGESTED                |
| yes | deleted | break MISSING_IN_CRM; DELETED_AND_EDITED if the ERP's has changed  |
| yes | merged  | break MERGED_IN_CRM: the record that won is linked to another key; |
|     |         | else the link has moved to it, and it gets the key                 |
| no  | yes     | break MISSING_IN_ERP, or none of our business without an ERP key;  |
|     |         | DELETED_AND_EDITED if the ERP deleted what the CRM has changed     |
| no  | no      | nothing                                                            |
| yes | yes     | field by field, below; a changed ERP key is a break KEY_MISMATCH;  |
|     |         | a record that took a link gets the key, an unlinked one loses it   |

Then each compared field:

| ERP and CRM | ERP and AGREED | CRM and AGREED | decision                          |
|-------------|----------------|----------------|-----------------------------------|
| agree       |                |                | a match: AGREED takes the value   |
| differ      | differ         | agree          | carry the ERP's value to the CRM  |
| differ      | agree          | differ         | carry the CRM's value to the ERP, |
|             |                |                | or put it back if only mirrored   |
| differ      | differ         | differ         | survivorship, or break CONFLICT   |
| differ      | never agreed   | never agreed   | the side that has a value, else   |
|             |                |                | survivorship, or break            |
|             |                |                | CREATED_IN_BOTH                   |

A status that cannot follow the agreed one is carried nowhere: break STATUS_TRANSITION.

Documents of a closed period are never corrected: what would be is a break PERIOD_CLOSED.

What the CRM refuses because it takes it for a record that it has is a break DUPLICATE_IN_CRM. A
document of a customer that was merged in the CRM belongs to the one that won there.

A break that a person has ruled on (bridge.domain.rulings) is none while that ruling holds: both
sides take the decided value, or the difference stays as it is.
"""

from dataclasses import replace

from bridge.domain.causes import worth
from bridge.domain.comparison import Sense, agree, country_of
from bridge.domain.content import value_text
from bridge.domain.decisions import (
    DELETED,
    Break,
    BreakKind,
    Correction,
    Decision,
    FieldCorrection,
    Reason,
    Version,
    Versions,
)
from bridge.domain.field_table import FieldTable
from bridge.domain.periods import only_reported
from bridge.domain.records import Kind, System, Value
from bridge.domain.rulings import Ruling, Verdict
from bridge.domain.survivorship import Rules


def decide(versions: Versions, rules: Rules) -> Decision:
    """Applies the table to one record. Pure: equal arguments, equal decisions."""
    versions = _with_customer_in_crm(versions)
    decision = only_reported(_decide(versions, rules), versions, rules.closed)
    return _ruled(_with_duplicates(decision, versions), versions, rules)


def settles(ruling: Ruling, found: Break) -> bool:
    """Whether a whole record's decision is of just this break."""
    seen = (ruling.kind, ruling.field, ruling.erp, ruling.crm)
    return not found.field and seen == (found.kind, "", found.erp, found.crm)


def _ruled(decision: Decision, versions: Versions, rules: Rules) -> Decision:
    """The decision without what people decided of the whole record."""
    held = {
        found.kind: ruling
        for found in decision.breaks
        for ruling in versions.rulings
        if _holds(ruling, found, versions, rules)
    }
    obeyed = (*decision.obeyed, *held.values())
    again = next((one for one in held.values() if one.verdict is Verdict.RECREATE), None)
    if again is None:
        left = tuple(one for one in decision.breaks if one.field or one.kind not in held)
        return replace(decision, breaks=left, obeyed=obeyed)
    assert versions.erp is not None, "what is missing in the CRM is there in the ERP"
    created = replace(_create(versions.erp, rules, Reason.RECREATED, again.by), obeyed=obeyed)
    return only_reported(created, versions, rules.closed)


def _holds(ruling: Ruling, found: Break, versions: Versions, rules: Rules) -> bool:
    """A deletion's decision does whatever changes then; but another amount is not accepted yet."""
    lost = _lost_by(found)
    is_of_deletion = not ruling.field and lost is not None and lost is _lost_by(ruling)
    if not is_of_deletion and not settles(ruling, found):
        return False
    seen = (ruling.amount, ruling.currency)
    return ruling.verdict is Verdict.RECREATE or seen == worth(found, versions, rules.record_type)


def _lost_by(one: Break | Ruling) -> System | None:
    """The side that lacks a record which the other has."""
    if one.kind == BreakKind.DELETED_AND_EDITED:
        return System.CRM if one.crm == DELETED else System.ERP
    return {BreakKind.MISSING_IN_CRM: System.CRM, BreakKind.MISSING_IN_ERP: System.ERP}.get(
        BreakKind(one.kind)
    )


def _with_customer_in_crm(versions: Versions) -> Versions:
    """The ERP's word in the CRM's terms: its customer by the number that is left of a merge."""
    if versions.erp is None or versions.customer_in_crm is None:
        return versions
    values = {**versions.erp.values, "customer_number": versions.customer_in_crm}
    return replace(versions, erp=replace(versions.erp, values=values))


def _with_duplicates(decision: Decision, versions: Versions) -> Decision:
    """The refused correction stays wanted: a person may have it sent again."""
    if not versions.duplicates or all(one.target is not System.CRM for one in decision.corrections):
        return decision
    ids = ", ".join(versions.duplicates)
    found = Break(BreakKind.DUPLICATE_IN_CRM, f"Salesforce takes it for {ids}", crm=ids)
    return replace(decision, breaks=(*decision.breaks, found))


def _decide(versions: Versions, rules: Rules) -> Decision:
    erp = None if versions.erp is None or versions.erp.deleted else versions.erp
    crm = None if versions.crm is None or versions.crm.deleted else versions.crm
    if erp is not None and crm is not None:
        return _decide_both(versions, erp, crm, rules)
    if erp is not None:
        return _decide_erp_only(versions, erp, rules)
    if crm is not None:
        return _decide_crm_only(versions, crm, rules)
    return Decision()


def _decide_erp_only(versions: Versions, erp: Version, rules: Rules) -> Decision:
    if versions.merged_into is not None:
        detail = f"merged in Salesforce into the record of {versions.merged_into}"
        return _broken(BreakKind.MERGED_IN_CRM, detail)
    if versions.crm is not None and (edits := _edits(erp, versions, rules)):
        detail = "deleted in Salesforce, and changed in the ERP since both agreed"
        found = Break(BreakKind.DELETED_AND_EDITED, detail, erp=edits, crm=DELETED)
        return Decision(breaks=(found,))
    if versions.crm is not None:
        return _broken(BreakKind.MISSING_IN_CRM, "deleted in Salesforce, still in the ERP")
    if not versions.customer_known:
        customer = erp.values.get("customer_number")
        return _broken(BreakKind.CUSTOMER_UNKNOWN, f"waits for customer {customer}")
    if versions.suggested is not None:
        detail = f"Salesforce may have it already as {versions.suggested}: confirm or reject that"
        found = Break(BreakKind.LINK_SUGGESTED, detail, crm=versions.suggested)
        return Decision(breaks=(found,))
    return _create(erp, rules, Reason.NEW)


def _edits(side: Version, versions: Versions, rules: Rules) -> str:
    """What a side has changed since both agreed, for people; empty where nothing."""
    agreed = versions.agreed or {}
    currency, country = side.values.get("currency"), country_of(rules.compared, side.values)
    sense = Sense(rules.tolerance, str(currency or ""), country)
    return ", ".join(
        f"{field.name} {_shown(agreed[field.name])} → {_shown(side.values[field.name])}"
        for field in sorted(rules.compared, key=lambda field: field.name)
        if field.name in agreed
        and field.name in side.values
        and not agree(field, agreed[field.name], side.values[field.name], sense)
    )


def _shown(value: Value | None) -> str:
    return value_text(value) or "none"


def _create(erp: Version, rules: Rules, reason: Reason, by: str | None = None) -> Decision:
    fields = tuple(
        FieldCorrection(field.name, None, value, reason, by)
        for field in rules.compared
        if (value := erp.values.get(field.name)) is not None
    )
    return Decision(corrections=(Correction(System.CRM, fields),))


def _decide_crm_only(versions: Versions, crm: Version, rules: Rules) -> Decision:
    if versions.erp is not None and (edits := _edits(crm, versions, rules)):
        detail = "gone from the ERP, and changed in Salesforce since both agreed"
        found = Break(BreakKind.DELETED_AND_EDITED, detail, erp=DELETED, crm=edits)
        return Decision(breaks=(found,))
    if versions.erp is not None:
        return _broken(BreakKind.MISSING_IN_ERP, "gone from the ERP, still in Salesforce")
    if versions.crm_key:
        named = f"Salesforce names ERP key {versions.crm_key}"
        detail = f"{named}, which the ERP has not sent, or another record has"
        return _broken(BreakKind.MISSING_IN_ERP, detail)
    if rules.expected_in_erp:
        return _broken(BreakKind.MISSING_IN_ERP, "entered in Salesforce, unknown to the ERP")
    return Decision()


def _decide_both(versions: Versions, erp: Version, crm: Version, rules: Rules) -> Decision:
    if versions.unlinked:
        key = FieldCorrection("number", erp.values.get("number"), None, Reason.UNLINKED)
        return Decision(corrections=(Correction(System.CRM, (key,)),))
    if versions.key_pending and versions.crm_key is None:
        key = FieldCorrection("number", None, erp.values.get("number"), Reason.LINKED)
        return Decision(corrections=(Correction(System.CRM, (key,)),))
    if versions.crm_key != str(versions.key):
        detail = f"Salesforce names ERP key {versions.crm_key or 'none'}, expected {versions.key}"
        mismatch = Break(
            BreakKind.KEY_MISMATCH, detail, erp=str(versions.key), crm=versions.crm_key or None
        )
        return Decision(breaks=(mismatch,))
    table = FieldTable(versions, erp, crm, rules)
    # First what gives others their meaning: amounts and phones are held against the currency and
    # the country that both sides are going to have.
    for field in sorted(rules.compared, key=lambda field: field.kind not in _GIVE_MEANING):
        table.decide(field)
    return table.decision()


_GIVE_MEANING = (Kind.CURRENCY, Kind.COUNTRY)


def _broken(kind: BreakKind, detail: str) -> Decision:
    return Decision(breaks=(Break(kind, detail),))
