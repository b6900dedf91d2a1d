"""`manage.py apikey`: make, list, rotate and revoke keys to the API."""

import getpass
import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from orders.errors import OrderError
from orders.management.terminal import failing_in_sentences
from orders.models import ApiKey, Shop
from orders.postgres.clock import database_now
from orders.shops import keys
from orders.texts import clean_line


class Command(BaseCommand):
    """Keys to the API, from a terminal."""

    help = "Makes, lists, rotates and revokes API keys. Exit codes: 0 done, 1 refused or failed, 2 wrong usage."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|rotate|revoke")
        create = verbs.add_parser("create", help="make a key and print it, once")
        create.add_argument("--name", required=True, type=clean_line, help="which program uses it")
        create.add_argument("--scope", action="append", required=True, choices=ApiKey.Scope.values)
        create.add_argument(
            "--shop",
            default=keys.DEFAULT_SHOP,
            type=clean_line,
            help="made if there is none of this name (%(default)s)",
        )
        create.add_argument(
            "--account", default="", type=clean_line, help="whose account it acts as; by default one of its own"
        )
        create.add_argument("--limit", type=int, default=keys.DEFAULT_LIMIT, help="calls a minute (%(default)s)")
        create.add_argument("--expires-in", type=float, metavar="DAYS", help="by default it does not expire")
        rotate = verbs.add_parser(
            "rotate", help="make a successor and print it; the former key stays valid for a while"
        )
        rotate.add_argument("--hours", type=float, default=keys.ROTATION.total_seconds() / 3600, help="(%(default)g)")
        revoke = verbs.add_parser("revoke", help="refuse a key from now on")
        for verb in (rotate, revoke):
            verb.add_argument("prefix", type=clean_line, help="how the key begins, such as ock_7G2KQ0XD")
        for verb in (create, verbs.add_parser("list", help="list the keys"), rotate, revoke):
            verb.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the verb says; every refusal and failure is a sentence."""
        verb = {"create": self._create, "list": self._list, "rotate": self._rotate, "revoke": self._revoke}
        with failing_in_sentences():
            verb[options["verb"]](options)

    def _create(self, options: dict[str, Any]) -> None:
        days = options["expires_in"]
        if options["limit"] < 1 or (days is not None and days <= 0):
            raise CommandError("--limit and --expires-in are above zero.")
        made = keys.create_key(
            name=options["name"],
            scopes=options["scope"],
            shop=Shop.objects.get_or_create(name=options["shop"])[0],
            account=_find_account(options["account"]),
            limit_per_minute=options["limit"],
            expires_at=None if days is None else database_now() + timedelta(days=days),
            created_by=getpass.getuser(),
        )
        self._print_new(options, made)

    def _rotate(self, options: dict[str, Any]) -> None:
        key, overlap = keys.read_key(options["prefix"]), timedelta(hours=options["hours"])
        self._print_new(options, keys.rotate_key(key, created_by=getpass.getuser(), overlap=overlap))

    def _revoke(self, options: dict[str, Any]) -> None:
        key = keys.read_key(options["prefix"])
        keys.revoke_key(key)
        key.refresh_from_db()
        self.stdout.write(json.dumps(_describe(key)) if options["json"] else f"Revoked {key}.")

    def _list(self, options: dict[str, Any]) -> None:
        found = [_describe(key) for key in ApiKey.objects.select_related("shop", "account")]
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for facts in found:
            used = facts["last_used_at"] or "never"
            state = "revoked" if facts["revoked_at"] else f"expires {facts['expires_at'] or 'never'}"
            scopes = ",".join(facts["scopes"])
            self.stdout.write(f"{facts['prefix']}…  {facts['name']}  {scopes}  {state}  last used {used}")

    def _print_new(self, options: dict[str, Any], made: tuple[ApiKey, str]) -> None:
        key, text = made
        if options["json"]:
            self.stdout.write(json.dumps({"key": text, **_describe(key)}))
            return
        self.stderr.write(f"Key of {key.name}, {key.shop}; it acts as {key.account}. It is printed only this once:")
        self.stdout.write(text)


def _find_account(name: str) -> User | None:
    """Return the account of this name, None where none is named. Raises OrderError."""
    account = User.objects.filter(username=name).first()
    if name and account is None:
        raise OrderError(f"There is no account {name}.")
    return account


def _describe(key: ApiKey) -> dict[str, Any]:
    """Return what may be told of a key, for programs."""
    times = {name: getattr(key, name) for name in ("created_at", "expires_at", "revoked_at", "last_used_at")}
    return {
        "prefix": key.prefix,
        "name": key.name,
        "shop": key.shop.name,
        "account": key.account.get_username(),
        "scopes": key.scopes,
        "limit_per_minute": key.limit_per_minute,
        **{name: at and at.isoformat() for name, at in times.items()},
    }
