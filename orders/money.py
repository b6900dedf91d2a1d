"""Exact money: integer minor units and a currency. ISO 4217 says how many decimals a currency has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

# Minor unit digits by ISO 4217, for the currencies the console takes orders in.
DECIMALS: Final[Mapping[str, int]] = {"EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "JPY": 0}
CURRENCIES: Final = tuple(DECIMALS)


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units (cents, pence, yen) of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Raise ValueError for a currency that the console does not know."""
        if self.currency not in DECIMALS:
            raise ValueError(f"{self.currency!r} is not a currency of the console.")

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read a decimal text such as '12.50'. Raises ValueError when it is no number or has too many decimals."""
        try:
            amount = Decimal(text)
        except InvalidOperation as error:
            raise ValueError(f"{text!r} is not an amount.") from error
        return cls.from_decimal(amount, currency)

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> "Money":
        """Turn 12.50 into 1250 minor units. Raises ValueError when `amount` is finer than the currency."""
        minor = amount.scaleb(DECIMALS.get(currency, 2)) if amount.is_finite() else None
        if minor is None or minor != minor.to_integral_value():
            raise ValueError(f"{amount} has more decimals than {currency} knows.")
        return cls(int(minor), currency)

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
        return f"{self.amount:,.{DECIMALS[self.currency]}f} {self.currency}"


def add_up(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum of `amounts`, zero for none. Raises ValueError when one has another currency."""
    return sum(amounts, Money(0, currency))
