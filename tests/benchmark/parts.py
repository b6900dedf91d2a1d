"""The parts of the benchmark, and what each tells."""

from typing import Final

# The module's name, and what its table is about. A module is imported when Django is ready, so its name is all here.
PARTS: Final[dict[str, str]] = {
    "orders": "Orders from submission to COMPLETED, against the same workflows with empty bodies",
    "submission": "Submitting orders",
    "memory": "Memory of the workers",
    "relay": "The relay after an outage of Temporal",
    "pages": "Pages and polls: CPU time of the web server, statements, and bytes on the wire",
    "viewers": "200 people who look at the desk, at the list, at one order, and each at another one",
    "approve": "Approving an order, from the click to the changed page",
    "bulk": "One decision on 50, 500 and 5,000 orders",
    "lists": "Pages of the list: each at 1,000 orders and at many, and reads of it against the obvious alternative",
    "export": "A file of all orders, sent as it is read and made in the background",
    "admin": "Pages of the admin's lists at 1,000 orders and at many",
    "walks": "Reads of the reconciler with 11,000 open orders, among 30,000 and among many",
    "stuck": "The page of what does not move with 10,000 open orders",
    "verify": "All rules that verify checks, over whole tables",
}
