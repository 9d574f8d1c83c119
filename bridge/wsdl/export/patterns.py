"""A text that a pattern facet allows.

The regular expressions of XML Schema Part 2, appendix F: always anchored, without look-arounds or
back references, so that a text can be written down while the expression is read.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bridge import BridgeError

_Allowed = Callable[[str], bool]
_CANDIDATES = "aA0 -_.:/@1bB9zZ+*#,;!?~é§€"
_CLASSES: dict[str, _Allowed] = {
    "d": str.isdecimal,
    "w": lambda one: one.isalnum() or one in "+~€",
    "s": str.isspace,
    "i": lambda one: one.isalpha() or one in "_:",
    "c": lambda one: one.isalnum() or one in "-._:",
}
_CATEGORIES: dict[str, _Allowed] = {
    "L": str.isalpha,
    "Lu": str.isupper,
    "Ll": str.islower,
    "N": str.isnumeric,
    "Nd": str.isdecimal,
    "Z": str.isspace,
    "Zs": lambda one: one == " ",
    "P": lambda one: one in "-_.:/@#,;!?*",
    "S": lambda one: one in "+~€",
}
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
_QUANTIFIER = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_LONGEST = 100_000


class PatternNotUnderstood(BridgeError):
    """An expression that cannot be followed here."""


def text_for_pattern(pattern: str, *, repeats: int = 0) -> str:
    """A text that the pattern allows; what may repeat does so `repeats` times where it can.

    Raises PatternNotUnderstood.
    """
    reader = _Reader(pattern, repeats)
    text = reader.alternatives()
    if reader.rest():
        raise PatternNotUnderstood(f"the pattern {pattern[:80]} is not understood")
    return text


@dataclass(frozen=True)
class _Between:
    first: str
    last: str

    def __call__(self, one: str) -> bool:
        return self.first <= one <= self.last


@dataclass(frozen=True)
class _Class:
    parts: tuple[_Allowed, ...]
    negated: bool
    without: _Allowed | None

    def __call__(self, one: str) -> bool:
        removed = self.without is not None and self.without(one)
        return any(part(one) for part in self.parts) is not self.negated and not removed


def _ends(allowed: _Allowed) -> str:
    """The characters that an expression itself names."""
    if isinstance(allowed, _Between):
        return allowed.first + allowed.last
    parts = allowed.parts if isinstance(allowed, _Class) else ()
    return "".join(_ends(part) for part in parts)


def _is(character: str) -> _Between:
    return _Between(character, character)


def _negated_if(negated: bool, allowed: _Allowed) -> _Allowed:
    return (lambda one: not allowed(one)) if negated else allowed


class _Reader:
    def __init__(self, pattern: str, repeats: int) -> None:
        self._pattern, self._repeats, self._at = pattern, repeats, 0

    def rest(self) -> str:
        return self._pattern[self._at :]

    def alternatives(self) -> str:
        """The first of the branches; the others are only read over."""
        text = self._branch()
        while self._take("|"):
            self._branch()
        return text

    def _branch(self) -> str:
        text = ""
        while self.rest() and self.rest()[0] not in "|)":
            one, count = self._atom(), self._count()
            if len(text) + len(one) * count > _LONGEST:
                raise PatternNotUnderstood(f"the pattern {self._pattern[:80]} asks for too much")
            text += one * count
        return text

    def _atom(self) -> str:
        if self._take("("):
            text = self.alternatives()
            self._expect(")")
            return text
        return self._some(self._one())

    def _one(self) -> _Allowed:
        """What a single character of the expression stands for."""
        if self._take("["):
            return self._class()
        if self._take("."):
            return lambda one: one not in "\n\r"
        if self._take("\\"):
            return self._escape()
        plain = self._next()
        if plain in "*+?{}":
            raise PatternNotUnderstood(f"the pattern {self._pattern[:80]} is not understood")
        return _is(plain)

    def _class(self) -> _Allowed:
        negated = self._take("^")
        parts: list[_Allowed] = []
        without: _Allowed | None = None
        while not self._take("]"):
            if parts and self.rest().startswith("-["):
                self._at += 2
                without = self._class()
            else:
                parts.append(self._range())
        return _Class(tuple(parts), negated, without)

    def _range(self) -> _Allowed:
        if self._take("\\"):
            return self._escape()
        first = self._next()
        if re.match(r"-[^\]\[]", self.rest()):
            self._at += 1
            last = self._next()
            last = _PLAIN.get(self._next(), last) if last == "\\" else last
            return _Between(first, last)
        return _is(first)

    def _escape(self) -> _Allowed:
        kind = self._next()
        if kind in "pP":
            self._expect("{")
            end = self._pattern.index("}", self._at) if "}" in self.rest() else self._at
            name, self._at = self._pattern[self._at : end], end + 1
            return _negated_if(kind == "P", _CATEGORIES.get(name, str.isalpha))
        if kind.lower() in _CLASSES:
            return _negated_if(kind.isupper(), _CLASSES[kind.lower()])
        return _is(_PLAIN.get(kind, kind))

    def _some(self, allowed: _Allowed) -> str:
        ends = _ends(allowed)
        candidates: tuple[str, ...] = (*_CANDIDATES, *ends, *map(chr, range(33, 0x250)))
        for one in candidates:
            if allowed(one):
                return one
        raise PatternNotUnderstood(f"no character fits the pattern {self._pattern[:80]}")

    def _count(self) -> int:
        if self._take("?"):
            return self._within(0, 1)
        if self._take("*"):
            return self._within(0, None)
        if self._take("+"):
            return self._within(1, None)
        found = _QUANTIFIER.match(self._pattern, self._at)
        if not found:
            return 1
        self._at = found.end()
        least, is_open, most = int(found[1]), bool(found[2]), found[3]
        return self._within(least, (int(most) if most else None) if is_open else least)

    def _within(self, least: int, most: int | None) -> int:
        wanted = max(least, self._repeats)
        return wanted if most is None else min(wanted, most)

    def _take(self, text: str) -> bool:
        if self.rest()[:1] != text:
            return False
        self._at += 1
        return True

    def _next(self) -> str:
        if not self.rest():
            raise PatternNotUnderstood(f"the pattern {self._pattern[:80]} ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise PatternNotUnderstood(f"the pattern {self._pattern[:80]} lacks a {text}")
