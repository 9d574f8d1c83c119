"""By what a customer is known, in a form that is the same however it was typed.

Made for company master data, from what the canonical Customer holds. Nothing of it is stored in
the place of what a system said: it only serves to find the other side.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from urllib.parse import urlsplit

from bridge.domain.company_names import folded, split_name
from bridge.domain.normalising import country_code, normal_code, normal_phone, normal_tax_number
from bridge.domain.records import Values


class StrongKey(StrEnum):
    """What only one company should have: the same on both sides names the same company."""

    TAX_NUMBER = "tax number"
    DOMAIN = "domain and postal code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A customer's normal form; "" where it says nothing.

    `name` holds the words without legal form, `domain` is the company's own (of its e-mail address,
    else of its website), never that of a public mail service. `house` is the first number of the
    street's line, `phone` has no extension.
    """

    name: tuple[str, ...] = ()
    legal_form: str = ""
    tax_number: str = ""
    email: str = ""
    domain: str = ""
    phone: str = ""
    street: str = ""
    house: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""

    @property
    def fingerprint(self) -> str:
        """Names all of it, in 32 hexadecimal digits: another one tells of a material change."""
        return hashlib.blake2b(repr(astuple(self)).encode(), digest_size=16).hexdigest()


def identity_of(values: Values) -> Identity:
    """The normal form of a customer's values, of whichever system."""

    def text(name: str) -> str:
        return str(values.get(name) or "")

    country = country_code(text("billing_country")) or normal_code(text("billing_country"))
    name = split_name(text("name"))
    email = _email(text("email"))
    street, house = _street(text("billing_street"))
    return Identity(
        name=name.words,
        legal_form=name.legal_form,
        tax_number=_tax_number(text("tax_number"), country),
        email=email,
        domain=_own_domain(email.partition("@")[2]) or _own_domain(_host(text("website"))),
        phone=_phone(text("phone"), country),
        street=street,
        house=house,
        city=folded(text("billing_city")),
        postal_code=normal_code(text("billing_postal_code")),
        country=country,
    )


def strong_keys(identity: Identity) -> Iterator[tuple[StrongKey, str]]:
    """The exact keys that a customer has."""
    if identity.tax_number:
        yield StrongKey.TAX_NUMBER, identity.tax_number
    if identity.domain and identity.postal_code:
        yield StrongKey.DOMAIN, f"{identity.domain} {identity.postal_code}"


def contradiction(key: StrongKey, one: Identity, other: Identity) -> str | None:
    """What keeps a key that both share from settling it alone: affiliates share more than one."""
    if key is StrongKey.DOMAIN:
        if one.tax_number and other.tax_number and one.tax_number != other.tax_number:
            return "different tax numbers"
        if one.legal_form and other.legal_form and one.legal_form != other.legal_form:
            return "different legal forms"
    misspelt = key is StrongKey.TAX_NUMBER  # a domain is shared by affiliates, with like names
    if one.name and other.name and not _alike(one.name, other.name, misspelt=misspelt):
        return "names that share no word"
    return None


def _alike(one: tuple[str, ...], other: tuple[str, ...], *, misspelt: bool) -> bool:
    if set(one) & set(other):
        return True
    whole, others = "".join(one), "".join(other)
    if whole == others or _initials(one) == others or _initials(other) == whole:
        return True
    return misspelt and any(_is_slip(word, another) for word in one for another in other)


def _is_slip(one: str, other: str) -> bool:
    """Whether two words may be one that was misspelt."""
    alike = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return min(len(one), len(other)) >= _LEAST_LETTERS and alike >= _ALIKE


def _initials(words: tuple[str, ...]) -> str:
    return "".join(word[0] for word in words)


def _tax_number(text: str, country: str) -> str:
    """Nothing for what somebody typed to fill the field."""
    number = normal_tax_number(text, country) if text else ""
    return number if _tells(number) and len(set(number)) > 2 else ""


def _email(text: str) -> str:
    plain = text.strip().casefold()
    return plain if plain.count("@") == 1 else ""


def _host(text: str) -> str:
    plain = text.strip().casefold()
    try:
        return urlsplit(plain if "//" in plain else f"//{plain}").hostname or ""
    except ValueError:  # such as half of an IPv6 address
        return ""


def _own_domain(host: str) -> str:
    """A host without www; nothing where everybody may have an address there."""
    plain = host.strip(". ").removeprefix("www.")
    return "" if "." not in plain or plain in _PUBLIC_MAIL else plain


def _phone(text: str, country: str) -> str:
    number = normal_phone(text, country).partition(";")[0] if text else ""
    return number if _tells(number) else ""


def _tells(number: str) -> bool:
    return sum(one.isdigit() for one in number) >= _LEAST_DIGITS


def _street(text: str) -> tuple[str, str]:
    words = [_STREET_WORDS.get(word, word) for word in folded(text).split()]
    house = next((word for word in words if word[0].isdigit()), "")
    if house:
        words.remove(house)
    return " ".join(_STREET_END.sub("str", word) for word in words), house


_LEAST_DIGITS = 5
_LEAST_LETTERS = 4
_ALIKE = 0.75
_STREET_END = re.compile(r"(?<=\w)strasse$")
_STREET_WORDS = {
    "strasse": "str",
    "street": "st",
    "road": "rd",
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "bd": "blvd",
    "drive": "dr",
    "lane": "ln",
    "court": "ct",
    "place": "pl",
    "platz": "pl",
    "square": "sq",
    "crescent": "cres",
    "circuit": "cct",
    "highway": "hwy",
    "parkway": "pkwy",
    "saint": "st",
    "sankt": "st",
}
_PUBLIC_MAIL = frozenset(
    """
    gmail.com googlemail.com outlook.com outlook.de outlook.fr hotmail.com hotmail.de hotmail.fr
    hotmail.co.uk hotmail.it hotmail.es live.com live.de live.fr live.co.uk msn.com yahoo.com
    yahoo.de yahoo.fr yahoo.co.uk yahoo.it yahoo.es yahoo.co.in yahoo.co.jp ymail.com rocketmail.com
    icloud.com me.com mac.com aol.com aol.de gmx.de gmx.net gmx.com gmx.at gmx.ch web.de t-online.de
    freenet.de arcor.de 1und1.de online.de mail.de email.de posteo.de mailbox.org proton.me
    protonmail.com protonmail.ch tutanota.com tutanota.de zoho.com mail.com mail.ru bk.ru inbox.ru
    list.ru yandex.ru yandex.com rambler.ru orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr
    libero.it virgilio.it alice.it tin.it tiscali.it terra.es telefonica.net btinternet.com
    sky.com virginmedia.com ntlworld.com blueyonder.co.uk talktalk.net comcast.net verizon.net
    att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net
    bigpond.com bigpond.net.au optusnet.com.au xtra.co.nz shaw.ca rogers.com sympatico.ca
    bluewin.ch sunrise.ch hispeed.ch chello.at aon.at a1.net telenet.be skynet.be ziggo.nl
    kpnmail.nl planet.nl home.nl hetnet.nl xs4all.nl wp.pl o2.pl onet.pl interia.pl op.pl
    seznam.cz centrum.cz qq.com 163.com 126.com sina.com naver.com daum.net hanmail.net
    uol.com.br bol.com.br terra.com.br ig.com.br rediffmail.com
    """.split()
)
