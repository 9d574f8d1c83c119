"""Money: exact decimals, ISO 4217 currencies, tolerances.

Amounts are `Decimal` in code and integers of ten-thousandths (`SCALE`) at rest; never a float.
"""

from collections import deque
from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from itertools import repeat
from types import MappingProxyType

from bridge import BridgeError

SCALE = 4
"""Decimals that any amount may have; stored amounts are integers of 10**-SCALE."""

MAX_DIGITS = 18
"""Digits of the greatest amount, decimals included: what a Salesforce number field holds."""

MAX_SUM_DIGITS = 28
"""Digits of the greatest sum, decimals included: what a .NET decimal holds."""

_EXACT = Context(prec=38, traps=[Inexact, InvalidOperation])
"""Rounds nothing: whatever would not fit raises. Sums of amounts have more than MAX_DIGITS."""
_UNIT, _ZERO = Decimal(1), Decimal(0)
_SCALED_UNIT = _UNIT.scaleb(SCALE)
_STEPS = tuple(_UNIT.scaleb(-decimals) for decimals in range(SCALE + 1))


class InexactAmount(BridgeError):
    """An amount with more than SCALE decimals or MAX_DIGITS digits."""


def to_scaled(amount: Decimal) -> int:
    """The amount as an integer of ten-thousandths. Raises InexactAmount where it does not fit."""
    if not amount.is_finite() or amount.adjusted() >= MAX_DIGITS - SCALE:
        raise InexactAmount(f"{amount:.20g} does not fit {MAX_DIGITS} digits")
    return sum_to_scaled(amount)


def sum_to_scaled(total: Decimal) -> int:
    """The same for a sum of amounts, which may have more digits. Raises InexactAmount."""
    try:
        return int(_EXACT.to_integral_exact(_EXACT.multiply(total, _SCALED_UNIT)))
    except (Inexact, InvalidOperation):
        raise InexactAmount(f"{total} has more than {SCALE} decimals") from None


def from_scaled(scaled: int) -> Decimal:
    """The amount behind an integer of ten-thousandths, exact however large a sum is."""
    return trimmed(Decimal(f"{scaled}E-{SCALE}"))


def trimmed(amount: Decimal) -> Decimal:
    """The same amount without trailing zeros after the point: 100.50 -> 100.5, 1E+2 -> 100."""
    plain = _EXACT.normalize(amount) if amount else _ZERO
    return _EXACT.quantize(plain, _UNIT) if plain == plain.to_integral_value() else plain


def plain_text(amount: Decimal) -> str:
    """The amount in digits, with no exponent and no needless zero: 100.50 -> 100.5, -0.0 -> 0."""
    text = str(amount)
    if "E" in text:
        text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def all_fit(amounts: Sequence[Decimal], decimals: int) -> bool:
    """Whether no amount needs more than so many decimals, SCALE at most, or MAX_DIGITS."""
    if not all(map(Decimal.is_finite, amounts)):
        return False
    if max(map(Decimal.adjusted, amounts), default=0) >= MAX_DIGITS - SCALE:
        return False
    try:
        deque(map(_EXACT.quantize, amounts, repeat(_STEPS[decimals])), maxlen=0)
    except Inexact:
        return False
    return True


def decimals_of(amount: Decimal) -> int:
    """How many decimals the amount needs: 2 for 10.250, 0 for 100."""
    exponent = trimmed(amount).as_tuple().exponent
    return max(0, -int(exponent))


def minor_units(currency: str) -> int | None:
    """Decimals of a currency's smallest unit (ISO 4217), or None where the code is unknown."""
    return MINOR_UNITS.get(currency)


def money_text(amount: Decimal, currency: str) -> str:
    """For people: thousands apart, the currency's decimals or as many more as the amount has."""
    decimals = max(decimals_of(amount), minor_units(currency) or 0)
    return f"{amount:,.{decimals}f}"


_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
    CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
    PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
    TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG ANG BGN CUC HRK
"""

MINOR_UNITS = MappingProxyType(
    {
        code: decimals
        for decimals, codes in (
            (0, _NO_DECIMALS),
            (2, _TWO_DECIMALS),
            (3, _THREE_DECIMALS),
            (4, _FOUR_DECIMALS),
        )
        for code in codes.split()
    }
)
"""ISO 4217 alphabetic code -> minor units, with the codes withdrawn since 2023 that old books hold
(ANG, BGN, CUC, HRK)."""
