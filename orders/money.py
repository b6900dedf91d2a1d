"""Exact money: integer minor units and a currency. ISO 4217 says how many decimals a currency has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from orders.language import is_english, write_number

# Minor unit digits by ISO 4217, for its currencies and funds of 1 January 2026; precious metals and what is no money
# have none. A currency that is withdrawn moves to WITHDRAWN, for orders in it remain.
_CODES: Final[Mapping[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
        COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
        INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
WITHDRAWN: Final[Mapping[str, int]] = {"BGN": 2}
# In force today, each with its decimals.
CURRENCIES: Final[Mapping[str, int]] = {code: decimals for decimals, codes in _CODES.items() for code in codes.split()}
# All that an amount may be in.
DECIMALS: Final[Mapping[str, int]] = {**CURRENCIES, **WITHDRAWN}

# The highest price of a unit and the highest total of an order, in minor units: far above any order, and far below what
# BIGINT holds. Where a euro buys more than a thousand, they are a thousand times as high.
LARGEST_PRICE: Final = 10**9
LARGEST_TOTAL: Final = 10**11
_SMALL: Final = "ARS BIF CDF CLP COP GNF IDR IQD IRR KHR KRW LAK LBP MGA MMK MNT MWK NGN PYG RWF SYP TZS UGX UZS VND"
SMALL_UNITS: Final = frozenset(_SMALL.split())


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units (cents, pence, yen) of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Raise ValueError for what is no currency."""
        if self.currency not in DECIMALS:
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency.")

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-DECIMALS[self.currency])

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} cannot be added to {self.currency}.")
        return Money(self.minor + other.minor, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.minor * quantity, self.currency)

    def __str__(self) -> str:
        """Return the amount in the language of whoever reads it; `plain` is for everything else."""
        if is_english():
            return self.plain
        return f"{write_number(self.amount, DECIMALS[self.currency])} {self.currency}"

    @property
    def plain(self) -> str:
        """The amount in its English form, whoever reads it: for what is stored, sent or printed at a terminal."""
        return f"{self.amount:,.{DECIMALS[self.currency]}f} {self.currency}"


def add_up(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum of `amounts`, zero for none. Raises ValueError when one has another currency."""
    return sum(amounts, Money(0, currency))


def largest_price(currency: str) -> Money:
    """Return the highest price that one unit may have."""
    return _enlarge(LARGEST_PRICE, currency)


def largest_total(currency: str) -> Money:
    """Return the highest total that the limit is."""
    return _enlarge(LARGEST_TOTAL, currency)


def _enlarge(minor: int, currency: str) -> Money:
    return Money(minor * 1000 if currency in SMALL_UNITS else minor, currency)
