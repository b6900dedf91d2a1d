"""`manage.py policy`: the rules that say who has to approve, from a terminal."""

import json
from argparse import ArgumentParser
from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError

from orders.intake.numbers import read_amount, read_price
from orders.management.terminal import failing_in_sentences, read_operator
from orders.models import ApprovalLimit, PolicyRule
from orders.money import CURRENCIES
from orders.policy import changes
from orders.policy.conditions import keep_conditions
from orders.policy.labels import describe_conditions, describe_need
from orders.policy.trial import LAST_ORDERS, MOST_ORDERS, TriedRule, try_rules
from orders.texts import clean_line

FLAGS: Final = {
    "new_customer": "is_new_customer",
    "new_address": "has_new_address",
    "same_basket": "is_same_basket",
    "declined_before": "was_declined",
}


class Command(BaseCommand):
    """The approval policy, from a terminal."""

    help = (
        "Adds, lists, tries and removes the rules that say who has to approve an order. "
        "Exit codes: 0 done, 1 refused or failed, 2 wrong usage."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|list|try|remove|limit")
        add = verbs.add_parser("add", help="add a rule; it applies to orders for which all its conditions hold")
        add.add_argument("--name", required=True, type=clean_line)
        add.add_argument("--approvals", type=int, required=True, choices=[0, 1, 2], help="0: by the policy itself")
        add.add_argument("--precedence", type=int, default=100, help="the lowest number decides (%(default)s)")
        add.add_argument("--total-above", default="", metavar="AMOUNT", help="such as 5000.00; with --currency")
        add.add_argument("--currency", default="", help="three letters")
        add.add_argument("--country", action="append", default=[], type=clean_line, help="two letters; may be repeated")
        add.add_argument("--sku", action="append", default=[], type=clean_line, help="may be repeated")
        add.add_argument("--weekday", action="append", default=[], type=int, metavar="1-7", help="1 is Monday, in UTC")
        add.add_argument("--from-hour", type=int, metavar="0-23", help="in UTC")
        add.add_argument("--to-hour", type=int, metavar="1-24")
        add.add_argument("--orders-in-a-day", type=int, metavar="COUNT")
        for flag in FLAGS:
            add.add_argument(f"--{flag.replace('_', '-')}", action="store_true")
        add.add_argument("--level", default="", type=clean_line, metavar="GROUP", help="only its members may approve")
        add.add_argument("--escalate-to", default="", type=clean_line, metavar="GROUP", help="told before the deadline")
        add.add_argument("--deadline", type=int, metavar="SECONDS", help="how long the order waits")
        add.add_argument(
            "--explanation", default="", type=clean_line, help="what people are told beside the conditions"
        )
        add.add_argument("--disabled", action="store_true", help="only to be tried")
        trial = verbs.add_parser("try", help="say how many of the last orders each rule would have caught")
        trial.add_argument("--last", type=int, default=LAST_ORDERS, help=f"up to {MOST_ORDERS} (%(default)s)")
        remove = verbs.add_parser("remove", help="remove a rule; orders keep what it asked of them")
        remove.add_argument("rule", type=clean_line, help="its name or number")
        _add_limit(verbs)
        for verb in (add, verbs.add_parser("list", help="list the rules in their order"), trial, remove):
            verb.add_argument("--json", action="store_true", help="print JSON")
        for verb in (add, remove):
            verb.add_argument("--by", default="", help="who changes it; by default the shell's user")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the verb says; every refusal and failure is a sentence."""
        verb = {"add": self._add, "list": self._list, "try": self._try, "remove": self._remove}
        verb |= {"limit": self._limit}
        with failing_in_sentences():
            verb[options["verb"]](options)

    def _add(self, options: dict[str, Any]) -> None:
        currency = options["currency"].strip().upper()
        if options["total_above"] and currency not in CURRENCIES:
            raise CommandError("--total-above goes with --currency, three letters such as EUR.")
        rule = PolicyRule(
            name=options["name"],
            precedence=options["precedence"],
            is_enabled=not options["disabled"],
            total_above=read_price(options["total_above"], currency).minor if options["total_above"] else None,
            currency=currency,
            countries=options["country"],
            skus=options["sku"],
            weekdays=options["weekday"],
            from_hour=options["from_hour"],
            to_hour=options["to_hour"],
            orders_in_a_day=options["orders_in_a_day"],
            approvals_needed=options["approvals"],
            level=_find_group(options["level"]),
            escalate_to=_find_group(options["escalate_to"]),
            deadline_seconds=options["deadline"],
            explanation=options["explanation"],
            **{field: options[flag] for flag, field in FLAGS.items()},
        )
        changes.save_rule(rule, actor=read_operator(options["by"]))
        self._print(options, _facts_of(rule), f"Added rule {rule.pk}: {_describe(rule)}")

    def _list(self, options: dict[str, Any]) -> None:
        rules = list(PolicyRule.objects.select_related("level", "escalate_to"))
        lines = [f"{rule.pk:>4}  {rule.precedence:>5}  {_describe(rule)}" for rule in rules]
        self._print(
            options, [_facts_of(rule) for rule in rules], *(lines or ["No rules. Every order needs one approval."])
        )

    def _try(self, options: dict[str, Any]) -> None:
        if options["last"] < 1:
            raise CommandError("--last is above zero.")
        trial = try_rules(options["last"])
        lines = [f"{each.caught:>6} caught, {each.decided:>6} decided  {_describe(each.rule)}" for each in trial.rules]
        needs = ", ".join(f"{count} by {describe_need(needed)}" for needed, count in trial.approvals if count)
        self._print(
            options,
            {
                "orders": trial.orders,
                "rules": [_facts_of_trial(each) for each in trial.rules],
                "approvals": {str(needed): count for needed, count in trial.approvals},
            },
            f"Of the last {trial.orders} orders: {needs or 'none'}.",
            *lines,
        )

    def _remove(self, options: dict[str, Any]) -> None:
        named = options["rule"]
        rule = PolicyRule.objects.filter(name=named).first()
        if rule is None and named.isascii() and named.isdigit():
            rule = PolicyRule.objects.filter(pk=int(named[:18])).first()
        if rule is None:
            raise CommandError(f"There is no rule {named!r}.")
        facts, words = _facts_of(rule), _describe(rule)
        changes.remove_rule(rule, actor=read_operator(options["by"]))
        self._print(options, facts, f"Removed rule {words}")

    def _limit(self, options: dict[str, Any]) -> None:
        deed = {"add": self._add_limit, "list": self._list_limits, "remove": self._remove_limit}
        deed[options["deed"]](options)

    def _add_limit(self, options: dict[str, Any]) -> None:
        """Write a limit, or another amount for one that is there."""
        currency = options["currency"].strip().upper()
        if currency not in CURRENCIES:
            raise CommandError("--currency is three letters such as EUR.")
        whose: dict[str, Any] = {"account": None, "group": None}
        for name, model, field in (("account", User, "username"), ("group", Group, "name")):
            if options[name]:
                whose[name] = model._default_manager.filter(**{field: options[name]}).first()
                if whose[name] is None:
                    raise CommandError(f"There is no {name} {options[name]!r}.")
        limit = ApprovalLimit.objects.filter(**whose, currency=currency).first() or ApprovalLimit(
            **whose, currency=currency
        )
        limit.amount = read_amount(options["amount"], currency).minor
        changes.save_limit(limit, actor=read_operator(options["by"]))
        self._print(options, _facts_of_limit(limit), f"Limit {limit.pk}: {limit}")

    def _list_limits(self, options: dict[str, Any]) -> None:
        limits = list(ApprovalLimit.objects.select_related("account", "group"))
        lines = [f"{limit.pk:>4}  {limit}" for limit in limits] or ["No limits. Every total may be approved."]
        self._print(options, [_facts_of_limit(limit) for limit in limits], *lines)

    def _remove_limit(self, options: dict[str, Any]) -> None:
        limit = ApprovalLimit.objects.filter(pk=options["limit"]).first()
        if limit is None:
            raise CommandError(f"There is no limit {options['limit']}.")
        facts, words = _facts_of_limit(limit), str(limit)
        changes.remove_limit(limit, actor=read_operator(options["by"]))
        self._print(options, facts, f"Removed limit {words}")

    def _print(self, options: dict[str, Any], facts: object, *lines: str) -> None:
        self.stdout.write(json.dumps(facts) if options["json"] else "\n".join(lines))


def _add_limit(verbs: Any) -> None:
    """Add the verbs for approval limits."""
    deeds = verbs.add_parser("limit", help="the highest totals that accounts and groups may approve").add_subparsers(
        dest="deed", required=True, metavar="add|list|remove"
    )
    add = deeds.add_parser("add", help="add a limit, or change the one that is there")
    whose = add.add_mutually_exclusive_group(required=True)
    whose.add_argument("--account", default="", type=clean_line)
    whose.add_argument("--group", default="", type=clean_line)
    add.add_argument("--amount", required=True, help="such as 1000.00")
    add.add_argument("--currency", required=True, help="three letters")
    remove = deeds.add_parser("remove", help="remove a limit")
    remove.add_argument("limit", type=int, help="its number")
    for deed in (add, deeds.add_parser("list", help="list the limits"), remove):
        deed.add_argument("--json", action="store_true", help="print JSON")
    for deed in (add, remove):
        deed.add_argument("--by", default="", help="who changes it; by default the shell's user")


def _find_group(name: str) -> Group | None:
    """Return the group of this name, None without one. Raises CommandError where there is none."""
    group = Group.objects.filter(name=name).first()
    if name and group is None:
        raise CommandError(f"There is no group {name!r}.")
    return group


def _facts_of_limit(limit: ApprovalLimit) -> dict[str, Any]:
    return {"id": limit.pk, **changes.describe(limit)}


def _facts_of(rule: PolicyRule) -> dict[str, Any]:
    return {"id": rule.pk, **changes.describe(rule)}


def _facts_of_trial(tried: TriedRule) -> dict[str, Any]:
    return {"id": tried.rule.pk, "name": tried.rule.name, "caught": tried.caught, "decided": tried.decided}


def _describe(rule: PolicyRule) -> str:
    need = describe_need(rule.approvals_needed, rule.level.name if rule.level else "")
    off = "" if rule.is_enabled else " (disabled)"
    return f"{rule.name}: {describe_conditions(keep_conditions(rule))}: {need}{off}"
