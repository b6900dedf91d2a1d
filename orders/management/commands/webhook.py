"""`manage.py webhook`: add, list, pause, resume and test webhooks, read their log, and have events told again."""

import getpass
import json
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.management.terminal import failing_in_sentences
from orders.models import Shop, WebhookAttempt, WebhookEndpoint
from orders.postgres.clock import database_now
from orders.texts import clean_line
from orders.webhooks import endpoints


class Command(BaseCommand):
    """Webhooks, from a terminal."""

    help = "Adds, lists, pauses, tests and replays webhooks. Exit codes: 0 done, 1 refused or failed, 2 wrong usage."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|list|pause|resume|test|log|replay")
        add = verbs.add_parser("add", help="add an endpoint and print its secret, once")
        add.add_argument("url", type=clean_line)
        add.add_argument(
            "--event", action="append", default=[], type=clean_line, help="an event kind; without any, all"
        )
        add.add_argument("--chat", action="store_true", help="send sentences, as Slack and Mattermost take them")
        add.add_argument("--shop", default="", type=clean_line, help="only orders of this shop")
        each = [add, verbs.add_parser("list", help="list the endpoints")]
        helps = {
            "pause": "call it no more; what happens is kept",
            "resume": "call it again, with all that happened",
            "test": "call it once and print what came of it",
            "log": "print its latest calls",
            "replay": "tell it events again",
        }
        for name, text in helps.items():
            verb = verbs.add_parser(name, help=text)
            verb.add_argument("number", type=int, help="the endpoint's number in the list")
            each.append(verb)
        replay = each[-1]
        which = replay.add_mutually_exclusive_group(required=True)
        which.add_argument("--event", type=_read_event, metavar="EVENT_ID", help="this event, such as event-17")
        which.add_argument(
            "--since", type=_read_time, metavar="TIME", help="those from then on, such as 2026-11-26T08:00"
        )
        replay.add_argument("--until", type=_read_time, metavar="TIME", help="... and before then")
        for verb in each:
            verb.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the verb says; every refusal and failure is a sentence."""
        with failing_in_sentences():
            getattr(self, f"_{options['verb']}")(options)

    def _add(self, options: dict[str, Any]) -> None:
        shop = Shop.objects.get_or_create(name=options["shop"])[0] if options["shop"] else None
        body = WebhookEndpoint.Body.CHAT if options["chat"] else WebhookEndpoint.Body.EVENT
        endpoint = endpoints.add_endpoint(
            options["url"], kinds=options["event"], shop=shop, body=body, created_by=getpass.getuser()
        )
        self._print(options, _facts_of(endpoint) | {"secret": endpoint.secret}, endpoint.secret)

    def _list(self, options: dict[str, Any]) -> None:
        found = list(WebhookEndpoint.objects.select_related("shop"))
        lines = [f"{endpoint.pk:>4}  {endpoint.url}  {_describe(endpoint)}" for endpoint in found]
        self._print(options, [_facts_of(endpoint) for endpoint in found], *(lines or ["There are no webhooks."]))

    def _pause(self, options: dict[str, Any]) -> None:
        endpoint = endpoints.read_endpoint(options["number"])
        endpoints.pause_endpoint(endpoint)
        self._print(options, {"id": endpoint.pk}, f"Paused: {endpoint.url}")

    def _resume(self, options: dict[str, Any]) -> None:
        endpoint = endpoints.read_endpoint(options["number"])
        endpoints.resume_endpoint(endpoint)
        self._print(options, {"id": endpoint.pk}, f"Resumed: {endpoint.url}")

    def _test(self, options: dict[str, Any]) -> None:
        answer = endpoints.try_endpoint(endpoints.read_endpoint(options["number"]))
        if not answer.is_success:
            raise CommandError(f"The test failed: {answer.status or 'no answer'} {answer.detail}".strip())
        self._print(options, {"status": answer.status}, f"Answered {answer.status} in {answer.milliseconds} ms.")

    def _log(self, options: dict[str, Any]) -> None:
        calls = WebhookAttempt.objects.filter(delivery__endpoint=endpoints.read_endpoint(options["number"]))
        facts = [
            {
                "event_id": f"event-{call.delivery.event_id}",
                "at": call.at.isoformat(),
                "status": call.status_code,
                "detail": call.detail,
                "milliseconds": call.milliseconds,
            }
            for call in calls.select_related("delivery").order_by("-id")[:100]
        ]
        lines = [
            f"{each['at']}  {each['event_id']}  {each['status'] or 'no answer'}  {each['detail']}" for each in facts
        ]
        self._print(options, facts, *(lines or ["It was not called yet."]))

    def _replay(self, options: dict[str, Any]) -> None:
        endpoint = endpoints.read_endpoint(options["number"])
        if options["event"] is not None:
            count = endpoints.replay_event(endpoint, options["event"])
        else:
            until = options["until"] or database_now() + timedelta(seconds=1)
            count = endpoints.replay_range(endpoint, options["since"], until)
        self._print(options, {"events": count}, f"{count} events are told again.")

    def _print(self, options: dict[str, Any], facts: object, *lines: str) -> None:
        self.stdout.write(json.dumps(facts) if options["json"] else "\n".join(lines))


def _facts_of(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "kinds": endpoint.kinds,
        "shop": endpoint.shop.name if endpoint.shop else None,
        "paused": endpoint.pause_reason or None,
        "failures": endpoint.failures,
    }


def _describe(endpoint: WebhookEndpoint) -> str:
    if endpoint.paused_at:
        return str(endpoint.get_pause_reason_display())
    return f"failing, {endpoint.failures} calls in a row" if endpoint.failures else "well"


def _read_event(text: str) -> int:
    number = text.removeprefix("event-")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise ValueError(text)
    return int(number)


def _read_time(text: str) -> datetime:
    """Return a time; without a zone it is in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
