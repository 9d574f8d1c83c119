"""The second half of the decision table (bridge.domain.reconcile): field by field."""

from dataclasses import replace

from bridge.domain.causes import worth
from bridge.domain.comparison import Sense, agree, country_of
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
from bridge.domain.records import Field, Kind, System, Value
from bridge.domain.rulings import Ruling, Verdict
from bridge.domain.survivorship import Rules, Survivor
from bridge.domain.validation import fitting, value_problems


class FieldTable:
    """The second table at work on one record."""

    def __init__(self, versions: Versions, erp: Version, crm: Version, rules: Rules) -> None:
        self._erp, self._crm, self._rules = erp, crm, rules
        self._versions = versions
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
        self._obeyed: list[Ruling] = []

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
        elif winner is Survivor.REVIEW and field.name not in self._agreed:
            self._break(field, BreakKind.CREATED_IN_BOTH, "never agreed, each has its own value")
        elif winner is Survivor.REVIEW:
            self._break(field, BreakKind.CONFLICT, "changed in both systems")
        elif senseless := self._senseless(field, erp if winner is Survivor.ERP else crm):
            self._break(field, BreakKind.STATUS_TRANSITION, senseless)
        elif winner is Survivor.ERP:
            self._to_crm.append(FieldCorrection(field.name, crm, erp, reason))
        else:
            self._carry_to_erp(field, FieldCorrection(field.name, erp, crm, reason))

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
        if ruling.verdict is Verdict.ACCEPT and self._is_revalued(field, ruling):
            return False
        self._obeyed.append(ruling)
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

    def _is_revalued(self, field: Field, ruling: Ruling) -> bool:
        """Whether what was accepted is worth something else by now, as in another currency."""
        erp, crm = self._erp.values.get(field.name), self._crm.values.get(field.name)
        found = Break(BreakKind(ruling.kind), "", field.name, erp, crm)
        seen = (ruling.amount, ruling.currency)
        return seen != worth(found, self._versions, self._rules.record_type)

    def _winner(
        self, field: Field, erp: Value | None, crm: Value | None
    ) -> tuple[Survivor, Reason]:
        is_created = field.name not in self._agreed and erp is not None and crm is not None
        is_reviewed = is_created and self._rules.review_created
        if field.name in self._rules.mirrored and not is_reviewed:
            put_back = self._agree(field, erp, self._agreed.get(field.name))
            return Survivor.ERP, Reason.MIRRORED if put_back else Reason.ERP_CHANGED
        if field.name not in self._agreed:
            if erp is None or crm is None:
                return (Survivor.ERP if crm is None else Survivor.CRM), Reason.ONLY_VALUE
            return Survivor.REVIEW if is_reviewed else self._survivor(field), Reason.SURVIVED
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

    def _senseless(self, field: Field, new: Value | None) -> str:
        """Why a status cannot take this value; empty where it can."""
        old = self._agreed.get(field.name)
        if field.kind is not Kind.CODE or old is None or self._rules.allows(str(old), str(new)):
            return ""
        return f"{old} → {new or 'none'}, which cannot follow it"

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
