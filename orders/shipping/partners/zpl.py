"""Labels in ZPL II, the language of Zebra's label printers, for labels of 4 by 6 inches at 203 dots an inch."""

import re
import textwrap
from collections.abc import Iterable
from typing import Final

from orders.intake.addresses import write_address
from orders.shipping.partners.interface import Parcel

# What a printer would take for a command, and what announces a byte in hexadecimal digits after ^FH.
_COMMANDING: Final = re.compile(r"[\^~_]")
# In dots: the room for the address, a line in its largest print, and the gap between two.
TOP, ROOM, LARGEST, GAP = 140, 620, 56, 12
# As many as fit beside each other in the largest print.
LONGEST_LINE: Final = 34


def write_label(parcel: Parcel, tracking_number: str, *, carrier: str) -> str:
    """Return the label of a parcel: who gets it and where, and the tracking number as Code 128 and in letters.

    Whatever a name or an address holds is printed as it is: none of it is a command to the printer. The more lines
    they have, the smaller is the print.
    """
    to = [line for text in _list_texts(parcel) for line in textwrap.wrap(text, LONGEST_LINE)]
    step = min(LARGEST, ROOM // max(len(to), 1))
    return "\n".join(
        [
            "^XA",
            "^CI28",  # UTF-8
            "^PW812^LL1218",
            _write(40, 36, carrier),
            "^FO40,100^GB732,3,3^FS",
            *(_write(TOP + step * number, step - GAP, line) for number, line in enumerate(to)),
            "^FO40,780^GB732,3,3^FS",
            f"^FO40,820^BY2^BCN,200,N,N,N^FH^FD{_escape(tracking_number)}^FS",
            _write(1040, 36, tracking_number),
            _write(1100, 28, parcel.order_id),
            *([_write(1150, 28, f"{parcel.weight_grams} g")] if parcel.weight_grams else []),
            "^XZ",
            "",
        ]
    )


def _list_texts(parcel: Parcel) -> Iterable[str]:
    address = parcel.address
    written = {
        "address_line": address.line1,
        "address_line2": address.line2,
        "address_postcode": address.postal_code,
        "address_city": address.city,
        "address_state": address.state,
    }
    return (parcel.recipient.name, parcel.recipient.company, *write_address(address.country, written))


def _write(top: int, height: int, text: str) -> str:
    """Return a field of one line of text."""
    return f"^FO40,{top}^A0N,{height},{height}^FH^FD{_escape(text)}^FS"


def _escape(text: str) -> str:
    return _COMMANDING.sub(lambda sign: f"_{ord(sign.group()):02X}", text)
