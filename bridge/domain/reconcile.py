"""THE decision table: from what the ERP, the CRM and both last said to what has to happen.

Existence first (no side is ever deleted or created again by the bridge on its own):

| ERP | CRM     | decision                                                           |
|-----|---------|--------------------------------------------------------------------|
| yes | never   | create it in the CRM, or hold it until its customer is known       |
| yes | deleted | break MISSING_IN_CRM                                               |
| yes | merged  | break MERGED_IN_CRM: the record that won is linked to another key; |
|     |         | else the link has moved to it, and it gets the key                 |
| no  | yes     | break MISSING_IN_ERP, or none of our business without an ERP key   |
| no  | no      | nothing                                                            |
| yes | yes     | field by field, below; a changed ERP key is a break KEY_MISMATCH   |

Then each compared field:

| ERP and CRM | ERP and AGREED | CRM and AGREED | decision                          |
|-------------|----------------|----------------|-----------------------------------|
| agree       |                |                | a match: AGREED takes the value   |
| differ      | differ         | agree          | carry the ERP's value to the CRM  |
| differ      | agree          | differ         | carry the CRM's value to the ERP, |
|             |                |                | or put it back if only mirrored   |
| differ      | differ         | differ         | survivorship, or break CONFLICT   |
| differ      | never agreed   | never agreed   | the side that has a value, else   |
|             |                |                | survivorship, or break CONFLICT   |

What the CRM refuses because it takes it for a record that it has is a break DUPLICATE_IN_CRM. A
document of a customer that was merged in the CRM belongs to the one that won there.

A break that a person has ruled on (bridge.domain.rulings) is none while that ruling holds: both
sides take the decided value, or the difference stays as it is.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bridge.domain.comparison import Sense, agree, country_of
from bridge.domain.records import Field, Kind, RecordKey, System, Value, Values
from bridge.domain.rulings import Ruling, Verdict
from bridge.domain.survivorship import Rules, Survivor
from bridge.domain.validation import fitting, value_problems


class BreakKind(StrEnum):
    """What kind of difference someone must close."""

    CONFLICT = "CONFLICT"  # both changed a field, and nobody may decide but a person
    UNFIT_VALUE = "UNFIT_VALUE"  # the CRM's value would be refused by the ERP's contract
    MISSING_IN_CRM = "MISSING_IN_CRM"
    MERGED_IN_CRM = "MERGED_IN_CRM"  # two records of the ERP have become one in the CRM
    MISSING_IN_ERP = "MISSING_IN_ERP"
    DUPLICATE_IN_CRM = "DUPLICATE_IN_CRM"  # the CRM takes the record for one that it has
    KEY_MISMATCH = "KEY_MISMATCH"  # the CRM record's External ID is no longer its ERP key
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"  # waits until the customer is known on both sides


class Reason(StrEnum):
    """Why a correction carries a value."""

    NEW = "NEW"
    MERGED = "MERGED"  # the key, for the record that won a merge
    ERP_CHANGED = "ERP_CHANGED"
    CRM_CHANGED = "CRM_CHANGED"
    MIRRORED = "MIRRORED"
    SURVIVED = "SURVIVED"
    ONLY_VALUE = "ONLY_VALUE"
    RULED = "RULED"  # a person decided


@dataclass(frozen=True, slots=True)
class Version:
    """What one system says of a record, when it last changed there, and whether it is gone.

    `partial`: values that are absent are not read yet; else they could not be read.
    """

    values: Values
    modified_at: datetime
    deleted: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """All that is known of one record.

    `crm_key` is the External ID's value as the CRM holds it; `customer_known` tells whether the
    customer that a document names can be referred to: sent by the ERP and not deleted in the CRM
    (always true for customers). `customer_in_crm` is the number under which the CRM holds that
    customer, where it was merged there. `key_pending` tells that the CRM's record took the link
    over from one that lost a merge; `merged_into` is the key of the record that won, where that
    has one of its own. `duplicates` are the CRM's ids of records that it takes this one for, and
    why it refused the last correction. `rulings` are what people decided, one per field at most.
    """

    key: RecordKey | None
    erp: Version | None = None
    crm: Version | None = None
    agreed: Values | None = None
    crm_key: str | None = None
    key_pending: bool = False
    merged_into: RecordKey | None = None
    customer_known: bool = True
    customer_in_crm: str | None = None
    duplicates: tuple[str, ...] = ()
    rulings: tuple[Ruling, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldCorrection:
    """A value on its way, and the one it replaces. `by` is the person who decided, if one did."""

    name: str
    old: Value | None
    new: Value | None
    reason: Reason
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A change of one record in one system."""

    target: System
    fields: tuple[FieldCorrection, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """A difference that someone must close. `field` is empty where the whole record is meant."""

    kind: BreakKind
    detail: str
    field: str = ""
    erp: Value | None = None
    crm: Value | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What has to happen to one record. `agreed` is the new last agreement, None if unchanged.

    `obeyed` names the fields whose rulings held ("" for the whole record's).
    """

    corrections: tuple[Correction, ...] = ()
    breaks: tuple[Break, ...] = ()
    agreed: Values | None = None
    obeyed: tuple[str, ...] = ()


def decide(versions: Versions, rules: Rules) -> Decision:
    """Applies the table to one record. Pure: equal arguments, equal decisions."""
    versions = _with_customer_in_crm(versions)
    decision = _with_duplicates(_decide(versions, rules), versions)
    ruling = next((one for one in versions.rulings if not one.field), None)
    if ruling is None or [(one.kind, one.field) for one in decision.breaks] != [(ruling.kind, "")]:
        return decision
    (found,) = decision.breaks
    if (found.erp, found.crm) != (ruling.erp, ruling.crm):
        return decision
    if ruling.verdict is not Verdict.RECREATE:
        return replace(decision, breaks=(), obeyed=("",))
    assert versions.erp is not None, "what is missing in the CRM is there in the ERP"
    return replace(_create(versions.erp, rules, Reason.RULED, ruling.by), obeyed=("",))


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
        return _decide_crm_only(versions, rules)
    return Decision()


def _decide_erp_only(versions: Versions, erp: Version, rules: Rules) -> Decision:
    if versions.merged_into is not None:
        detail = f"merged in Salesforce into the record of {versions.merged_into}"
        return _broken(BreakKind.MERGED_IN_CRM, detail)
    if versions.crm is not None:
        return _broken(BreakKind.MISSING_IN_CRM, "deleted in Salesforce, still in the ERP")
    if not versions.customer_known:
        customer = erp.values.get("customer_number")
        return _broken(BreakKind.CUSTOMER_UNKNOWN, f"waits for customer {customer}")
    return _create(erp, rules, Reason.NEW)


def _create(erp: Version, rules: Rules, reason: Reason, by: str | None = None) -> Decision:
    fields = tuple(
        FieldCorrection(field.name, None, value, reason, by)
        for field in rules.compared
        if (value := erp.values.get(field.name)) is not None
    )
    return Decision(corrections=(Correction(System.CRM, fields),))


def _decide_crm_only(versions: Versions, rules: Rules) -> Decision:
    if versions.erp is not None:
        return _broken(BreakKind.MISSING_IN_ERP, "gone from the ERP, still in Salesforce")
    if versions.crm_key:
        detail = f"Salesforce names ERP key {versions.crm_key}, which the ERP has not sent"
        return _broken(BreakKind.MISSING_IN_ERP, detail)
    if rules.expected_in_erp:
        return _broken(BreakKind.MISSING_IN_ERP, "entered in Salesforce, unknown to the ERP")
    return Decision()


def _decide_both(versions: Versions, erp: Version, crm: Version, rules: Rules) -> Decision:
    if versions.key_pending and versions.crm_key is None:
        key = FieldCorrection("number", None, erp.values.get("number"), Reason.MERGED)
        return Decision(corrections=(Correction(System.CRM, (key,)),))
    if versions.crm_key != str(versions.key):
        detail = f"Salesforce names ERP key {versions.crm_key or 'none'}, expected {versions.key}"
        mismatch = Break(
            BreakKind.KEY_MISMATCH, detail, erp=str(versions.key), crm=versions.crm_key or None
        )
        return Decision(breaks=(mismatch,))
    table = _FieldTable(versions, erp, crm, rules)
    # First what gives others their meaning: amounts and phones are held against the currency and
    # the country that both sides are going to have.
    for field in sorted(rules.compared, key=lambda field: field.kind not in _GIVE_MEANING):
        table.decide(field)
    return table.decision()


_GIVE_MEANING = (Kind.CURRENCY, Kind.COUNTRY)


def _broken(kind: BreakKind, detail: str) -> Decision:
    return Decision(breaks=(Break(kind, detail),))


class _FieldTable:
    """The second table at work on one record."""

    def __init__(self, versions: Versions, erp: Version, crm: Version, rules: Rules) -> None:
        self._erp, self._crm, self._rules = erp, crm, rules
        self._before = versions.agreed
        self._customer_known = versions.customer_known
        self._rulings = {ruling.field: ruling for ruling in versions.rulings}
        self._agreed: dict[str, Value | None] = dict(versions.agreed or {})
        self._sense = Sense(
            rules.tolerance,
            str(erp.values.get("currency") or ""),
            country_of(rules.compared, erp.values),
        )
        self._to_crm: list[FieldCorrection] = []
        self._to_erp: list[FieldCorrection] = []
        self._breaks: list[Break] = []
        self._obeyed: list[str] = []

    def decide(self, field: Field) -> None:
        """Puts one field where it belongs."""
        ruling = self._rulings.get(field.name)
        if ruling is not None and self._obey(field, ruling):
            return
        if field.name not in self._crm.values:
            if not self._crm.partial:
                self._break(field, BreakKind.UNFIT_VALUE, "Salesforce's value could not be read")
            return
        erp, crm = self._erp.values.get(field.name), self._crm.values[field.name]
        if self._agree(field, erp, crm):
            self._agreed[field.name] = erp
            return
        winner, reason = self._winner(field, erp, crm)
        if field.kind is Kind.CUSTOMER and winner is Survivor.ERP and not self._customer_known:
            self._break(field, BreakKind.CUSTOMER_UNKNOWN, f"waits for customer {erp}")
        elif winner is Survivor.ERP:
            self._to_crm.append(FieldCorrection(field.name, crm, erp, reason))
        elif winner is Survivor.CRM:
            self._carry_to_erp(field, FieldCorrection(field.name, erp, crm, reason))
        else:
            self._break(field, BreakKind.CONFLICT, "changed in both systems")

    def decision(self) -> Decision:
        """All fields together."""
        corrections = tuple(
            Correction(target, tuple(fields))
            for target, fields in ((System.CRM, self._to_crm), (System.ERP, self._to_erp))
            if fields
        )
        moved = self._agreed if self._agreed != (self._before or {}) else None
        return Decision(corrections, tuple(self._breaks), moved, tuple(self._obeyed))

    def _obey(self, field: Field, ruling: Ruling) -> bool:
        """Does what a person decided, unless that is done or the values are others by now."""
        erp, crm = self._erp.values.get(field.name), self._crm.values.get(field.name)
        read = field.name in self._crm.values
        is_settled = read and self._agree(field, erp, crm)
        if is_settled or not ruling.holds(field, erp, crm, self._sense.country):
            return False
        self._obeyed.append(field.name)
        if ruling.verdict is not Verdict.SET:
            return True
        if not (read and self._agree(field, crm, ruling.value)):
            self._to_crm.append(
                FieldCorrection(field.name, crm, ruling.value, Reason.RULED, ruling.by)
            )
        if not self._agree(field, erp, ruling.value):
            self._carry_to_erp(
                field, FieldCorrection(field.name, erp, ruling.value, Reason.RULED, ruling.by)
            )
        return True

    def _winner(
        self, field: Field, erp: Value | None, crm: Value | None
    ) -> tuple[Survivor, Reason]:
        if field.name in self._rules.mirrored:
            put_back = self._agree(field, erp, self._agreed.get(field.name))
            return Survivor.ERP, Reason.MIRRORED if put_back else Reason.ERP_CHANGED
        if field.name not in self._agreed:
            if erp is None or crm is None:
                return (Survivor.ERP if crm is None else Survivor.CRM), Reason.ONLY_VALUE
            return self._survivor(field), Reason.SURVIVED
        agreed = self._agreed[field.name]
        erp_changed = not self._agree(field, erp, agreed)
        crm_changed = not self._agree(field, crm, agreed)
        if erp_changed == crm_changed:
            return self._survivor(field), Reason.SURVIVED
        if erp_changed:
            return Survivor.ERP, Reason.ERP_CHANGED
        return Survivor.CRM, Reason.CRM_CHANGED

    def _survivor(self, field: Field) -> Survivor:
        survivor = self._rules.survivor_of(field.name)
        if survivor is not Survivor.LATEST:
            return survivor
        erp_at, crm_at = self._erp.modified_at, self._crm.modified_at
        if erp_at == crm_at:
            return Survivor.REVIEW
        return Survivor.ERP if erp_at > crm_at else Survivor.CRM

    def _carry_to_erp(self, field: Field, correction: FieldCorrection) -> None:
        correction = replace(correction, new=fitting(field, correction.new))
        problems = value_problems(field, correction.new, self._sense.currency or None)
        if problems:
            self._break(field, BreakKind.UNFIT_VALUE, problems[0].message)
            return
        self._to_erp.append(correction)
        if field.kind is Kind.CURRENCY:
            self._sense = replace(self._sense, currency=str(correction.new or ""))
        elif field.kind is Kind.COUNTRY:
            country = country_of((field,), {field.name: correction.new})
            self._sense = replace(self._sense, country=country)

    def _break(self, field: Field, kind: BreakKind, detail: str) -> None:
        erp, crm = self._erp.values.get(field.name), self._crm.values.get(field.name)
        self._breaks.append(Break(kind, detail, field.name, erp, crm))

    def _agree(self, field: Field, one: Value | None, other: Value | None) -> bool:
        return agree(field, one, other, self._sense)
