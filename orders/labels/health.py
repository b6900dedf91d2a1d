"""The words for what is wrong with worker processes, or was found by them; the codes are the engine's."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

PROBLEM_SENTENCES: Final[Mapping[str, Promise]] = {
    "temporal_away": gettext_lazy("Temporal is not answering: {detail}"),
    "not_polling": gettext_lazy(
        "{queue} is not being polled: the process has just started, or all its slots are taken."
    ),
    "companion_failing": gettext_lazy("The {companion} is not making progress: {detail}"),
    "mail_server_away": gettext_lazy("{detail} E-mails wait until it is back."),
    "process_silent": gettext_lazy("Process {pid} on {host} has not reported for {seconds} s."),
    "no_process": gettext_lazy("No worker process has reported."),
    "clock_skewed": gettext_lazy("The machine's clock is {seconds} s ahead of PostgreSQL's (negative: behind)."),
    "queue_unserved": gettext_lazy("No process serves {queue}."),
    "runs_failing": gettext_lazy("Runs whose workflow task keeps failing: {count}, such as {order_ids}."),
    "runs_paused": gettext_lazy("Runs that are paused in Temporal: {count}, such as {order_ids}."),
    "runs_without_order": gettext_lazy("Open runs without an order in this database: {count}, such as {order_ids}."),
    "orders_in_trouble": gettext_lazy("Orders in trouble that need a person: {count}, such as {order_ids}."),
    "messages_refused": gettext_lazy("Orders with a message that Temporal refused: {count}, such as {order_ids}."),
}


def describe_problem(problem: Mapping[str, Any]) -> str:
    """Return a problem in a sentence; one of another release by its code and data."""
    data = {name: _list(value) for name, value in problem.items() if name != "code"}
    try:
        return str(PROBLEM_SENTENCES[problem["code"]]).format(**data)
    except KeyError:
        told = ", ".join(f"{name} {value}" for name, value in data.items())
        return f"{problem['code'].replace('_', ' ').capitalize()}{': ' if told else ''}{told}."


def _list(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
