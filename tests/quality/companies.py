"""Companies that are made up, and what two systems make of each: the truth is known.

Everything follows from a seed. A share of the companies are affiliates: they have the address, the
domain and a part of the name of another one, and are not the same.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.domain.identity import identity_of
from bridge.matching.exact import Known

Company = Mapping[str, str | None]


@dataclass(frozen=True)
class Land:
    """Where companies are, and how names, addresses and numbers look there."""

    code: str
    dial: str
    cities: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    forms: tuple[str, ...]
    street: Callable[[str, int], str]
    tax: Callable[[random.Random], str]


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


_GERMAN_STREETS = tuple(
    f"{root}{kind}"
    for root in "Haupt Bahnhof Garten Schul Berg Wiesen Mühlen Kirch Industrie Linden Ring".split()
    for kind in ("straße", "weg")
)
_ENGLISH_STREETS = tuple(
    f"{root} {kind}"
    for root in "High Station Church Park Victoria Mill London Queens Market Oak Elm".split()
    for kind in ("Street", "Road", "Avenue")
)
_FRENCH_STREETS = tuple(
    f"{kind} {root}"
    for root in ("de la Gare", "Victor Hugo", "Pasteur", "des Lilas", "Jean Jaurès", "du Moulin")
    for kind in ("Rue", "Avenue", "Boulevard")
)
LANDS = (
    Land(
        "DE",
        "+49",
        tuple(
            zip(
                "Berlin Hamburg München Köln Frankfurt Stuttgart Leipzig Dresden Hannover".split(),
                "10 20 80 50 60 70 04 01 30".split(),
                strict=True,
            )
        ),
        _GERMAN_STREETS,
        ("GmbH", "GmbH", "GmbH & Co. KG", "AG", "UG (haftungsbeschränkt)", "e.K.", "KG"),
        lambda street, number: f"{street} {number}",
        lambda chance: f"DE{_digits(chance, 9)}",
    ),
    Land(
        "US",
        "+1",
        tuple(
            zip(
                "Boston Chicago Denver Seattle Austin Atlanta Portland Phoenix".split(),
                "021 606 802 981 787 303 972 850".split(),
                strict=True,
            )
        ),
        _ENGLISH_STREETS,
        ("Inc.", "Inc.", "LLC", "Corp.", "Corporation", "Co."),
        lambda street, number: f"{number} {street}",
        lambda chance: f"{_digits(chance, 2)}-{_digits(chance, 7)}",
    ),
    Land(
        "GB",
        "+44",
        tuple(zip("London Leeds Bristol Cardiff".split(), "EC1 LS1 BS1 CF1".split(), strict=True)),
        _ENGLISH_STREETS,
        ("Ltd", "Ltd", "Limited", "PLC", "LLP"),
        lambda street, number: f"{number} {street}",
        lambda chance: f"GB{_digits(chance, 9)}",
    ),
    Land(
        "FR",
        "+33",
        tuple(zip("Paris Lyon Nantes Lille".split(), "750 690 440 590".split(), strict=True)),
        _FRENCH_STREETS,
        ("SARL", "SAS", "S.A.", "EURL"),
        lambda street, number: f"{number} {street}",
        lambda chance: f"FR{_digits(chance, 11)}",
    ),
)
_ROOTS = """
Müller Schmidt Weber Wagner Becker Hoffmann Schäfer Koch Bauer Richter Klein Wolf Neumann Schwarz
Smith Johnson Brown Taylor Wilson Davies Evans Thomas Walker Wright Turner Parker Cooper Bennett
Martin Bernard Dubois Moreau Laurent Lefèvre Girard Fontaine Rousseau Blanc Mercier Chevalier
""".split()
_SYLLABLES = "nor tec bel vax lu mi ra con tri sol ven ga pro ka den fi am al ter mo si lex".split()
_TRADES = """
Maschinenbau Logistik Handel Elektro Bau Consulting Software Systems Trading Engineering Foods
Transport Metall Druck Möbel Energy Solutions Services Industries Medical Pharma Textiles Motors
Technologies Packaging Chemie Optik Marine Tools Garden Sport Media Design Security Aviation
""".split()
_PUBLIC_MAIL = ("gmail.com", "gmx.de", "outlook.com", "orange.fr", "yahoo.com")


def company(chance: random.Random) -> dict[str, str | None]:
    """One that nobody has seen before."""
    land = chance.choices(LANDS, (5, 3, 2, 2))[0]
    invented = "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(2, 4))).title()
    root = chance.choice(_ROOTS) if chance.random() < 0.5 else invented
    second = f" & {chance.choice(_ROOTS)}" if chance.random() < 0.15 else ""
    name = f"{root}{second} {chance.choice(_TRADES)}".strip()
    city, postal = chance.choice(land.cities)
    house = f"{root}{'-' if chance.random() < 0.5 else ''}{chance.choice(_TRADES)}"
    host = _plain(house) + chance.choice((".com", ".com", f".{land.code.lower()}", ".net"))
    mail = f"{chance.choice(('info', 'office', 'books', _plain(root)))}@{host}"
    if chance.random() < 0.15:
        mail = f"{_plain(house)}{chance.randint(1, 99)}@{chance.choice(_PUBLIC_MAIL)}"
    return {
        "name": f"{name} {chance.choice(land.forms)}",
        "tax_number": land.tax(chance),
        "email": mail,
        "website": f"https://www.{host}",
        "phone": f"{land.dial} {chance.randint(20, 899)} {_digits(chance, 6)}",
        "billing_street": land.street(chance.choice(land.streets), chance.randint(1, 180)),
        "billing_city": city,
        "billing_postal_code": postal + _digits(chance, 5 - len(postal)),
        "billing_country": land.code,
    }


def affiliate(chance: random.Random, of: Company) -> dict[str, str | None]:
    """Another company of the same group: under one roof, or with one name elsewhere."""
    other = company(chance)
    first = str(of["name"]).split()[0]
    form = str(other["name"]).rsplit(" ", 1)[-1]
    name = f"{first} {chance.choice(_TRADES)} {form}"
    if chance.random() < 0.7:
        shared = ("website", "billing_street", "billing_city", "billing_postal_code", "email")
        return {**other, **{key: of[key] for key in (*shared, "billing_country")}, "name": name}
    return {**other, "name": f"{' '.join(str(of['name']).split()[:2])} {other['billing_city']}"}


@dataclass(frozen=True)
class Truth:
    """Both sides, and which of them are the same."""

    erp: list[Known] = field(default_factory=list)
    crm: list[Known] = field(default_factory=list)
    same: frozenset[tuple[str, str]] = frozenset()


def two_sides(
    count: int, *, corruption: float, seed: int, both: float = 0.6, affiliates: float = 0.1
) -> Truth:
    """`count` customers in the ERP, of which the share `both` is in the CRM, and as many there."""
    chance = random.Random(seed)
    made: list[dict[str, str | None]] = []
    wanted = round(count * (2 - both))
    for _ in range(wanted):
        known = made and chance.random() < affiliates
        made.append(affiliate(chance, chance.choice(made)) if known else company(chance))
    chance.shuffle(made)
    shared = round(count * both)
    erp = made[:count]
    crm = made[:shared] + made[count:]
    ids = [f"001{number:012d}AAA" for number in chance.sample(range(10 * count), len(crm))]
    return Truth(
        [_known(number, f"C{number}", _typed(chance, one)) for number, one in enumerate(erp)],
        [
            _known(number, ids[number], corrupt(chance, _typed(chance, one), corruption))
            for number, one in enumerate(crm)
        ],
        frozenset((f"C{number}", ids[number]) for number in range(shared)),
    )


def _known(number: int, known_as: str, values: Company) -> Known:
    return Known(number, known_as, identity_of(values))


def _typed(chance: random.Random, one: Company) -> dict[str, str | None]:
    """What a clerk enters: not every field, and in a way of their own."""
    kept = {"tax_number": 0.6, "email": 0.7, "website": 0.5, "phone": 0.75, "billing_street": 0.95}
    values = {
        name: value if chance.random() < kept.get(name, 1) else None for name, value in one.items()
    }
    if chance.random() < 0.2:
        values["name"] = str(values["name"]).upper()
    if chance.random() < 0.2:
        values["name"] = str(values["name"]).replace("&", "und").replace("ü", "ue")
    if values["phone"] and chance.random() < 0.5:
        values["phone"] = values["phone"].replace(" ", "-")
    elif values["phone"] and values["billing_country"] != "US":
        values["phone"] = f"0{values['phone'].partition(' ')[2]}"
    if values["billing_street"] and chance.random() < 0.4:
        values["billing_street"] = values["billing_street"].replace("straße", "str.")
    return values


def corrupt(chance: random.Random, one: Company, rate: float) -> dict[str, str | None]:
    """The same after years in another system: each field is spoilt with probability `rate`."""
    return {
        name: _SPOIL[name](chance, value) if value and chance.random() < rate else value
        for name, value in one.items()
    }


def typo(chance: random.Random, text: str) -> str:
    """A letter too much, too few, another one, or two that changed places."""
    place = chance.randrange(max(len(text) - 1, 1))
    kind = chance.randrange(4)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + chance.choice("aeinrst0159") + text[place:]
    if kind == 2:
        return text[:place] + chance.choice("aeinrst0159") + text[place + 1 :]
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]


def _name(chance: random.Random, text: str) -> str:
    words = text.split()
    kind = chance.randrange(6)
    if kind == 0 and len(words) > 2:
        return " ".join(words[:-1])
    if kind == 1 and len(words) > 2:
        place = chance.randrange(len(words) - 1)
        return " ".join(words[:place] + words[place + 1 :])
    if kind == 2:
        place = chance.randrange(len(words))
        words[place] = words[place][:4] + "."
        return " ".join(words)
    if kind == 3 and len(words) > 2:
        return " ".join([words[1], words[0], *words[2:]])
    return typo(chance, text if kind == 4 else typo(chance, text))


def _street(chance: random.Random, text: str) -> str | None:
    if chance.random() < 0.25:
        land = chance.choice(LANDS)
        return land.street(chance.choice(land.streets), chance.randint(1, 180))
    return None if chance.random() < 0.2 else typo(chance, text)


def _email(chance: random.Random, text: str) -> str | None:
    local, _, domain = text.partition("@")
    kind = chance.random()
    if kind < 0.5:
        return f"{chance.choice(_ROOTS).lower()}@{domain}"
    if kind < 0.7:
        return f"{local}@{chance.choice(_PUBLIC_MAIL)}"
    return None if kind < 0.85 else f"{local}@{typo(chance, domain)}"


def _phone(chance: random.Random, text: str) -> str | None:
    kind = chance.random()
    if kind < 0.4:
        return text[:-2] + _digits(chance, 2)
    if kind < 0.6:
        return typo(chance, text)
    return None if kind < 0.75 else f"{text[:4]} {_digits(chance, 3)} {_digits(chance, 6)}"


def _gone(chance: random.Random, text: str) -> str | None:
    return None if chance.random() < 0.6 else typo(chance, text)


def _kept(chance: random.Random, text: str) -> str | None:
    kind = chance.random()
    if kind < 0.6:
        return text
    return None if kind < 0.9 else chance.choice(LANDS).code


def _plain(text: str) -> str:
    table = str.maketrans({"ü": "ue", "ä": "ae", "ö": "oe", "è": "e", "é": "e", " ": "", "&": ""})
    return text.lower().translate(table)


_SPOIL: Mapping[str, Callable[[random.Random, str], str | None]] = {
    "name": _name,
    "tax_number": _gone,
    "email": _email,
    "website": _gone,
    "phone": _phone,
    "billing_street": _street,
    "billing_city": _gone,
    "billing_postal_code": _gone,
    "billing_country": _kept,
}
