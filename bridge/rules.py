"""The rules of reconciliation, put together from the mappings and survivorship.toml."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from bridge.domain.comparison import Tolerance
from bridge.domain.money import minor_units
from bridge.domain.periods import ClosedPeriods
from bridge.domain.records import (
    FINANCIAL_TYPES,
    RECORD_CLASSES,
    Field,
    RecordType,
    fields_of,
)
from bridge.domain.survivorship import Rules
from bridge.salesforce import Mapping as FieldMapping
from bridge.settings import BadSettings, RecordRules, Survivorship

_ALL = "*"


def build_rules(
    mappings: Mapping[RecordType, FieldMapping], survivorship: Survivorship
) -> dict[RecordType, Rules]:
    """The rules of each mapped record type.

    Raises BadSettings for a field or a currency that does not exist.

    Compared is what the mapping carries, less what the ERP does not maintain.
    """
    _check_currencies(survivorship.tolerance)
    tolerance = Tolerance(
        default=survivorship.tolerance.get("default", Tolerance().default),
        by_currency=survivorship.tolerance,
    )
    return {
        record_type: replace(
            _rules(mapping, getattr(survivorship, record_type.lower())),
            tolerance=tolerance,
            closed=ClosedPeriods(survivorship.closed),
        )
        for record_type, mapping in mappings.items()
    }


def _check_currencies(codes: Iterable[str]) -> None:
    for code in codes:
        if code != "default" and minor_units(code) is None:
            raise BadSettings(
                f"survivorship.toml, [tolerance]: {code} is no ISO 4217 currency code"
                ' (and "default" is for all others)'
            )


def _rules(mapping: FieldMapping, settings: RecordRules) -> Rules:
    record_type = mapping.record_type
    catalogue = fields_of(RECORD_CLASSES[record_type])
    named = [*settings.fields, *settings.not_in_erp, *settings.mirrored]
    _check_names(record_type, catalogue, (name for name in named if name != _ALL))
    _check_standing(record_type, settings)
    _check_transitions(record_type, settings.transitions)
    mapped = {field.name for field in mapping.fields} - set(settings.not_in_erp)
    compared = tuple(field for field in catalogue.values() if field.name in mapped)
    mirrored = mapped if _ALL in settings.mirrored else settings.mirrored
    return Rules(
        record_type=record_type,
        compared=compared,
        survivors=settings.fields,
        default_survivor=settings.default,
        mirrored=frozenset(mirrored),
        expected_in_erp=settings.expected_in_erp,
        roll_forward=frozenset(settings.roll_forward),
        duplicates_within_days=settings.duplicates_within_days,
        review_created=settings.created_in_both == "review",
        transitions={one: frozenset(others) for one, others in settings.transitions.items()},
    )


def _check_standing(record_type: RecordType, settings: RecordRules) -> None:
    place = f"survivorship.toml, [{record_type.lower()}]"
    if settings.roll_forward and record_type is not RecordType.INVOICE:
        raise BadSettings(f"{place}: roll_forward is of invoices alone")
    if settings.duplicates_within_days is not None and record_type not in FINANCIAL_TYPES:
        raise BadSettings(f"{place}: duplicates_within_days is of documents alone")


def _check_transitions(record_type: RecordType, transitions: Mapping[str, Iterable[str]]) -> None:
    status = fields_of(RECORD_CLASSES[record_type]).get("status")
    known = status.codes.__members__ if status and status.codes else {}
    for code in {*transitions, *(other for others in transitions.values() for other in others)}:
        if code not in known:
            raise BadSettings(
                f"survivorship.toml, [{record_type.lower()}.transitions]: {code} is none of"
                f" {', '.join(known) or 'its statuses: it has none'}"
            )


def _check_names(
    record_type: RecordType, catalogue: Mapping[str, Field], names: Iterable[str]
) -> None:
    for name in names:
        if name not in catalogue:
            near = get_close_matches(name, catalogue, n=1)
            hint = f", did you mean {near[0]}?" if near else ""
            raise BadSettings(
                f"survivorship.toml, [{record_type.lower()}]: there is no field {name}{hint}"
            )
