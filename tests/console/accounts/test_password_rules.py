"""console.accounts.password_rules: which passwords are obvious."""

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

JANE = User(username="jane.miller", first_name="Jane", last_name="Miller", email="jane@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "demo",
        "eleven-sign",
        "123456789012",
        "987654321098",
        "aaaaaaaaaaaa",
        "aabbaabbaabb",
        "abcabcabcabc",
        "passwordpassword",
        "Password2026!",
        "P@ssw0rd!2345",
        "!!password!!!!",
        "2026password2026",
        "letmein123456",
        "qwertyuiop12",
        "QWERTZuiop1234",
        "abcdefghijkl",
        "zyxwvutsrqpo",
        "asdfghjkl123",
        "orderconsole",
        "Order-Console-1",
        "admin-console",
        "administrator1",
        "4dm1n1str4t0r!",
        "temporal-orders-7",
        "jane.miller1",
        "janemiller2026",
        "MillerJane1!",
        "j4ne-m1ller-2026",
        "miller-jane-xyz",
    ],
)
def test_what_others_try_first_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, JANE)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "late trams sing badly",
        "Xk7#pQ2vLm9$",
        "tr0ubadour&3x",
        "fünf graue Elefanten",
        "秘密の言葉をここに書いておく",
        "the order of the phoenix",
    ],
)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    validate_password(password, JANE)
