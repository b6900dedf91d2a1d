"""Reads the texts that people type into an order, of one line each: names, addresses, articles, e-mail, ids.

Pure. What can be meant is taken, clean by `orders.texts`; what cannot be meant is refused with a sentence that says
what to do: texts that show nothing, control characters, characters that turn the direction of the text, heaps of marks
that paint over other lines. Invisible characters that copying brings along are dropped without a word.
"""

import re
import unicodedata
from typing import Final

import idna

from orders.errors import OrderInvalid
from orders.language import gettext as _
from orders.texts import clean_line

LONGEST_EMAIL: Final = 254  # RFC 5321, 4.5.3.1.3, without the brackets
LONGEST_PHONE: Final = 40
# Marks on one letter: scripts of the world need up to four that have a place of their own above or below it, and
# Tibetan stacks more that have none.
MOST_PLACED_MARKS: Final = 4
MOST_MARKS: Final = 10

_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# Embeddings, overrides and isolates of the Unicode Bidi Algorithm. Single marks (LRM, RLM, ALM) only come along.
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BROKEN: Final = re.compile("[\ufffd\ud800-\udfff]")
# Tags, format controls of notations, fillers of planes: they show nothing, and no keyboard has them.
_HIDDEN: Final = re.compile("[\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff]")
# Symbols that are as blank as a space.
_BLANK: Final = frozenset("\u2800\U0001d159")

_LOCAL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)  # RFC 5322, dot-atom
# No console may store one.
_CARD_NUMBER: Final = re.compile(r"(?<!\d)(?:\d-?){13,19}(?!\d)")
_PHONE: Final = re.compile("[+(]{0,2}\\d[\\d ().,/+#*;:=xX\N{EN DASH}\N{NO-BREAK SPACE}-]*(?:ext\\.? ?\\d+)?")


def read_entry(text: str, *, limit: int) -> str:
    """Return the text of one line, at most `limit` characters; an empty one stays empty.

    Raises OrderInvalid with a sentence for the field.
    """
    clean = clean_line(text, limit=None)
    if _CONTROLS.search(text.strip()):
        raise OrderInvalid(_("This contains an invisible control character. Type it instead of pasting it."))
    if _TURNS.search(text):
        raise OrderInvalid(
            _("This contains an invisible character that changes the text direction. Type it instead of pasting it.")
        )
    if _BROKEN.search(text) or _BROKEN.search(clean):
        raise OrderInvalid(_("A character was lost and shows as �. Type it again."))
    if _HIDDEN.search(text) or any(unicodedata.category(sign) == "Co" for sign in clean):
        raise OrderInvalid(_("This contains a character that cannot be displayed. Type it instead of pasting it."))
    if text.strip() and not any(map(_shows_something, clean)):
        raise OrderInvalid(_("This is invisible. Enter at least one letter, digit or symbol."))
    if _has_a_heap_of_marks(clean):
        raise OrderInvalid(_("A letter has too many accents on it. Use fewer."))
    if len(clean) > limit:
        raise OrderInvalid(
            _("Use at most %(limit)s characters; this has %(length)s.") % {"limit": limit, "length": len(clean)}
        )
    return clean


def read_email(text: str) -> str:
    """Return an e-mail address. Its domain may have letters of any script, the part before the @ those of ASCII.

    Raises OrderInvalid with a sentence for the field.
    """
    address = read_entry(text, limit=LONGEST_EMAIL)
    if not address:
        return ""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise OrderInvalid(_("Enter an e-mail address, such as name@example.com."))
    strange = next((sign for sign in unicodedata.normalize("NFC", local) + local if not sign.isascii()), "")
    if strange:
        raise OrderInvalid(
            _("Mail servers do not accept %(sign)s before the @. Ask for the address in plain letters.")
            % {"sign": strange}
        )
    if not _LOCAL.fullmatch(local) or len(local) > 64:
        raise OrderInvalid(_("Before the @, use only letters, digits and characters such as . - _ +"))
    if not _is_domain(domain):
        raise OrderInvalid(
            _("After the @, enter a domain such as example.com; %(domain)s is not one.") % {"domain": domain[:60]}
        )
    return address


def read_phone(text: str) -> str:
    """Return a telephone number as it is written, with its spaces and signs. Raises OrderInvalid."""
    number = read_entry(text, limit=LONGEST_PHONE)
    if number and (not _PHONE.fullmatch(number) or sum(sign.isdigit() for sign in number) < 3):
        raise OrderInvalid(_("Enter a telephone number, such as +49 30 1234567."))
    return number


def read_reference(text: str, *, limit: int) -> str:
    """Return an id that another system gave, such as that of a payment method. Raises OrderInvalid."""
    reference = read_entry(text, limit=limit)
    if not reference.isascii() or " " in reference:
        raise OrderInvalid(_("Enter the id as the other system shows it, without spaces."))
    if _CARD_NUMBER.search(reference):
        raise OrderInvalid(_("This looks like a card number. Enter the gateway's id of the card instead."))
    return reference


def _is_domain(domain: str) -> bool:
    """Tell whether mail may go to the domain: it has a dot, and each part is a name by IDNA 2008 (RFC 5891)."""
    if domain.lower() == "localhost":
        return True
    try:
        encoded = idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return False
    return "." in encoded.strip(".") and not encoded.endswith(".") and not encoded.rpartition(".")[2].isdigit()


def _shows_something(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LNPSC" and sign not in _BLANK and unicodedata.category(sign) != "Cf"


def _has_a_heap_of_marks(text: str) -> bool:
    """Tell whether more marks stand on one letter than a script would put there."""
    marks = placed = 0
    for sign in unicodedata.normalize("NFC", text):
        is_mark = unicodedata.category(sign)[0] == "M"
        marks = marks + 1 if is_mark else 0
        placed = placed + bool(unicodedata.combining(sign)) if is_mark else 0
        if placed > MOST_PLACED_MARKS or marks > MOST_MARKS:
            return True
    return False
