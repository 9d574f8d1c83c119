"""One text for all ways to write the same thing: names, phones, tax numbers, countries.

What these functions return is for comparing only: records keep what their system holds. They take
any text and raise nothing; what they cannot make out keeps its letters and digits.
"""

import gettext
import re
import unicodedata
from functools import cache, lru_cache
from typing import Protocol, cast

import phonenumbers
import pycountry
import stdnum
from stdnum import get_cc_module

from bridge.domain.countries import COUNTRIES

LIBRARIES = f"phonenumbers {phonenumbers.__version__}, python-stdnum {stdnum.__version__}"
"""Newer ones may write a phone or a tax number in another way."""
_REMEMBERED = 10_000
"""Phones and tax numbers whose normal form is kept: it takes long to find, and all versions of a
record mostly hold the same."""


def plain_spaces(text: str) -> str:
    """Runs of blanks and line ends as one space, none at the ends; composed as NFC has it."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())


def normal_name(text: str) -> str:
    """A name or a line of an address without regard to case, spaces and forms of characters.

    A compatibility caseless match (Unicode 16, section 3.13, D146), less what is invisible.
    """
    if text.isascii():
        return " ".join(text.split()).casefold()
    form, spelled = unicodedata.normalize, "".join(c for c in text if not _is_invisible(c))
    folded = form("NFKC", form("NFKD", form("NFD", spelled).casefold()).casefold())
    return " ".join(folded.split())


def normal_code(text: str) -> str:
    """A number or postal code by its letters and digits alone, in capitals."""
    if text.isascii():
        return _NO_LETTER_OR_DIGIT.sub("", text).upper()
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(character for character in plain if character.isalnum())


@lru_cache(_REMEMBERED)
def normal_phone(text: str, country: str | None = None) -> str:
    """A phone as E.164 has it, with `;ext=` and its extension if there is one (RFC 3966).

    A number without a country's prefix is one of `country` (ISO 3166-1 alpha-2).
    """
    if _NUMBER_ALONE.fullmatch(text):
        try:
            phone = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            return normal_code(text)
        number = phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.E164)
        return f"{number};ext={phone.extension}" if phone.extension else number
    return normal_code(text)


@lru_cache(_REMEMBERED)
def normal_tax_number(text: str, country: str | None = None) -> str:
    """A tax number with its country before it, where its check digits tell that it is one.

    The country is the one that the number begins with, else `country`.
    """
    plain = normal_code(text)
    for place in {_TAX_PREFIXES.get(plain[:2], plain[:2]): None, country or "": None}:
        for module in _tax_modules(place):
            if module.is_valid(plain):
                return f"{place}{module.compact(plain).removeprefix(place)}"
    return plain


def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country, by that or alpha-3, or by its name.

    A name may be English, or of one of the languages that many orgs use. None where it is none, or
    that of several.
    """
    if text in COUNTRIES:
        return text
    plain = normal_name(text)
    if plain.upper() in COUNTRIES:
        return plain.upper()
    codes = _countries_by_name().get(plain, frozenset())
    return next(iter(codes)) if len(codes) == 1 else None


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf"


class _TaxModule(Protocol):
    """What python-stdnum knows of a country's numbers of one kind."""

    def is_valid(self, number: str) -> bool: ...

    def compact(self, number: str) -> str: ...


@cache
def _tax_modules(country: str) -> tuple[_TaxModule, ...]:
    if country not in COUNTRIES:
        return ()
    found = (get_cc_module(country, kind) for kind in ("vat", "tin", "businessid"))
    return tuple(cast(_TaxModule, module) for module in found if module is not None)


@cache
def _countries_by_name() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name, code in [*_OTHER_NAMES.items(), *_listed_names()]:
        plain = normal_name(name)
        found[plain] = found.get(plain, frozenset()) | {code}
    return found


def _listed_names() -> list[tuple[str, str]]:
    names = [
        (name, country.alpha_2)
        for country in pycountry.countries
        for kind in ("alpha_3", "name", "common_name", "official_name")
        if (name := getattr(country, kind, None))
    ]
    translations = [
        gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [language], fallback=True)
        for language in _LANGUAGES.split()
    ]
    return names + [(one.gettext(name), code) for one in translations for name, code in names]


_NO_LETTER_OR_DIGIT = re.compile("[^A-Za-z0-9]+")
_NUMBER_ALONE = re.compile(
    r"(tel:)?[+＋\d\s./()\-‐-―]+?((;ext=|,|ext\.?|extension|x|#)\s*\d+#?)?\s*", re.IGNORECASE
)
"""No names beside it, no words in place of digits: those are not phonenumbers' to guess."""
_TAX_PREFIXES = {"EL": "GR", "XI": "GB"}
"""Prefixes of VAT numbers that are no ISO 3166 codes (Directive 2006/112/EC, article 215)."""
_OTHER_NAMES = {
    "UK": "GB",
    "Great Britain": "GB",
    "U.S.A.": "US",
    "U.S.": "US",
    "United States of America": "US",
    "Kosovo": "XK",
    "Turkey": "TR",
    "The Netherlands": "NL",
    "Ivory Coast": "CI",
    "Macedonia": "MK",
    "Россия": "RU",
    # "Congo" alone may be either.
    "Congo": "CD",
}
_LANGUAGES = "de fr es it nl pt pl sv da nb fi cs sk hu ro el tr ru uk ja ko zh_CN"
