"""What is left of a company's name where it is compared: no case, no accents, no legal form."""

import re
import unicodedata
from functools import cache
from typing import NamedTuple


class CompanyName(NamedTuple):
    """A name's words in their order, and the legal form that stood among them, "" without one."""

    words: tuple[str, ...]
    legal_form: str


def folded(text: str) -> str:
    """A text without case, accents, punctuation, and the ways to write German umlauts.

    Müller, Mueller and MULLER become one.
    """
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_DROPPED)
    if not plain.isascii():
        plain = "".join(one for one in plain if not unicodedata.combining(one))
    return _UMLAUT.sub(r"\1", " ".join(_SEPARATOR.sub(" ", plain).split()))


def split_name(text: str) -> CompanyName:
    """Takes a name apart: "Müller & Söhne G.m.b.H." is (muller, sohne) and "gmbh".

    What would leave no word at all stays: a company may be called Limited.
    """
    words = [word for word in folded(text).split() if word not in _FILLERS]
    forms: list[str] = []
    while found := _legal_form(words):
        start, length = found
        if length == len(words):
            break
        forms.append(_canonical(tuple(words[start : start + length])))
        del words[start : start + length]
    return CompanyName(tuple(words), " ".join(reversed(forms)))


def _legal_form(words: list[str]) -> tuple[int, int] | None:
    """Where a legal form stands, and of how many words: the longest, anywhere or at the end."""
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length, -1, -1):
            form = tuple(words[start : start + length])
            at_end = start + length == len(words)
            if form in _ANYWHERE or (form in _AT_THE_END and at_end):
                return start, length
    return None


@cache
def _canonical(form: tuple[str, ...]) -> str:
    written = " ".join(form)
    return _SAME_AS.get(written, written)


_DROPPED = str.maketrans("", "", ".'’`´")
_SEPARATOR = re.compile(r"[^\w]+|_+")
_UMLAUT = re.compile(r"([aou])e+")
_FILLERS = frozenset({"and", "und", "et", "the"})

# As `folded` leaves them. Short ones are words of their own elsewhere in a name.
_ANYWHERE_FORMS = """
gmbh co kg; gmbh co kgaa; gmbh co ohg; gmbh; ggmbh; gesmbh; mbh; ag co kg; ag co kgaa; kgaa
gesellschaft mit beschrankter haftung; aktiengesellschaft; kommanditgesellschaft
ug haftungsbeschrankt co kg; ug haftungsbeschrankt; haftungsbeschrankt
limited; incorporated; corporation; limited liability company; public limited company
private limited; pty ltd; pte ltd; pvt ltd; co ltd; ltd; llc; llp; plc; ltda; sarl; sprl; srl; spa
bvba; sas; sasu; eurl; sp zoo; sp z oo; spolka z oo; sro; kft; zrt; nyrt; doo; dooel; oyj; aps
societe anonyme; sociedad anonima; sociedad limitada; societa per azioni; besloten vennootschap
sa de cv; sab de cv; s de rl de cv; sl unipersonal; slu; kabushiki kaisha; sdn bhd; tbk; pjsc
"""
_AT_THE_END_FORMS = """
ag; kg; ohg; ug; eg; ev; ek; ekfr; gbr; se; co kg; co; company; inc; corp; lp; sa; sl; nv; bv; vof
ab; as; asa; oy; ou; is; kk; sc; snc; sca; lda; spk; jsc; ooo; oao; pao; zao; eood; ood; ad
"""
_SAME_AS = {
    "limited": "ltd",
    "private limited": "pvt ltd",
    "incorporated": "inc",
    "corporation": "corp",
    "company": "co",
    "limited liability company": "llc",
    "public limited company": "plc",
    "gesellschaft mit beschrankter haftung": "gmbh",
    "gesmbh": "gmbh",
    "mbh": "gmbh",
    "aktiengesellschaft": "ag",
    "kommanditgesellschaft": "kg",
    "ug haftungsbeschrankt": "ug",
    "haftungsbeschrankt": "ug",
    "societe anonyme": "sa",
    "sociedad anonima": "sa",
    "sociedad limitada": "sl",
    "sl unipersonal": "sl",
    "slu": "sl",
    "societa per azioni": "spa",
    "besloten vennootschap": "bv",
    "sp z oo": "sp zoo",
    "spolka z oo": "sp zoo",
    "kabushiki kaisha": "kk",
}


def _forms(text: str) -> frozenset[tuple[str, ...]]:
    parts = (part.split() for line in text.strip().splitlines() for part in line.split(";"))
    return frozenset(tuple(part) for part in parts if part)


_ANYWHERE, _AT_THE_END = _forms(_ANYWHERE_FORMS), _forms(_AT_THE_END_FORMS)
_LONGEST = max(map(len, _ANYWHERE | _AT_THE_END))
