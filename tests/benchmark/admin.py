"""Pages of the admin's lists, with each filter, sort and search, at a thousand orders and at many."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from django.contrib import admin
from django.test import Client
from django.test.utils import setup_test_environment, teardown_test_environment

from orders.models import GatewayMovement, Order, OutboxMessage, Payment
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.filling import FREQUENT_NAME
from tests.benchmark.two_sizes import Read, compare_sizes, fill_both, name_of_hundredth
from tests.making import make_user

FEW: Final = 1000
MODELS: Final = (Order, Payment, OutboxMessage, GatewayMovement)
KINDS: Final = ("as it opens", "filtered by", "sorted by", "searched for")
SEARCHES: Final[Mapping[str, Callable[[], str]]] = {
    "a frequent name": lambda: FREQUENT_NAME,
    "a name of every hundredth": name_of_hundredth,
    "an e-mail address in full": lambda: "c500@example.com",
    "nothing to find": lambda: "nobody",
}


def measure(scale: Scale) -> list[Figure]:
    """Fill the tables and compare."""
    fill_both(FEW, scale.orders)
    measured = compare_sizes(pages, scale.rounds)
    return [
        worst
        for model in MODELS
        for kind in KINDS
        if (worst := find_worst(f"{model._meta.verbose_name_plural}, {kind}", measured)) is not None
    ]


def find_worst(group: str, figures: list[Figure]) -> Figure | None:
    """Return the page of the group that takes longest against the small tables, with all of them in its detail."""
    found = {figure.name.removeprefix(f"{group}: "): figure for figure in figures if figure.name.startswith(group)}
    if not found:
        return None
    worst = max(found, key=lambda name: found[name].value)
    name = group if worst == group else f"{group}, the slowest of {len(found)}: {worst}"
    detail = {name: {"ratio": figure.value, **figure.detail} for name, figure in found.items()}
    return replace(found[worst], name=name, detail=detail)


def pages() -> Mapping[str, Read]:
    """Return the pages of the lists: each as it opens, by each sort, with each value of each filter, each search."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_user("admin", is_superuser=True))
    found: dict[str, Read] = {}
    for model in MODELS:
        path = f"/admin/orders/{model._meta.model_name}/"
        setup_test_environment()  # for the context of the page
        changes = client.get(path, secure=True).context["cl"]
        teardown_test_environment()
        queries = {"as it opens": ""}
        for spec in changes.filter_specs:
            for choice in spec.choices(changes):
                queries[f"filtered by: {spec.title} {choice['display']}"] = choice["query_string"].removeprefix("?")
        for column in changes.sortable_by:
            place = changes.list_display.index(column)
            queries |= {f"sorted by: {column}": f"o={place}", f"sorted by: {column} backwards": f"o=-{place}"}
        if admin.site.get_model_admin(model).search_fields:
            queries |= {f"searched for: {what}": f"q={word()}" for what, word in SEARCHES.items()}
        found |= {
            f"{model._meta.verbose_name_plural}, {name}": partial(ask, client, path, query)
            for name, query in queries.items()
        }
    return found


def ask(client: Client, path: str, query: str) -> None:
    """Ask for a page of the admin."""
    response = client.get(f"{path}?{query}", secure=True)
    if response.status_code != 200:
        raise RuntimeError(f"{path}?{query} answers {response.status_code}")
