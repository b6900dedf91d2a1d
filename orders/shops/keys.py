"""API keys: made, shown once, recognised, counted, rotated and revoked.

A key is `ock_`, eight characters that may be shown, and 256 random bits. Only a hash is kept; with so many random bits
a plain SHA-256 is as good as a slow one.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils.text import slugify
from django.utils.translation import gettext as _

from orders.errors import KeyRefused, OrderError, TooManyCalls
from orders.identifiers import CROCKFORD
from orders.models import ApiKey, Shop
from orders.postgres.clock import database_now
from orders.postgres.rights import READ_RIGHTS, keep_rights
from orders.states import Channel

DEFAULT_SHOP: Final = "Shop"
DEFAULT_LIMIT: Final = 600
MINUTE: Final = timedelta(minutes=1)
# How long the former key stays valid after a rotation, unless another time is given.
ROTATION: Final = timedelta(hours=24)
PATTERN: Final = re.compile(r"(ock_[0-9A-Z]{8})_[A-Za-z0-9_-]{43}")
# The role that an account made for a key gets, by what the key may be used for.
ROLES_OF_SCOPES: Final = {
    ApiKey.Scope.READ: "viewer",
    ApiKey.Scope.SUBMIT: "clerk",
    ApiKey.Scope.DECIDE: "approver",
    ApiKey.Scope.REFUND: "approver",
}

# Counts the call and notes the use. One statement, so that two calls at once count as two. Its commit is not waited
# for, because a count that a crash loses does no harm.
COUNT_CALL: Final = """
WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
UPDATE orders_apikey SET
    last_used_at = statement_timestamp(),
    calls_in_minute = CASE WHEN minute_began_at > statement_timestamp() - interval '1 minute'
        THEN calls_in_minute + 1 ELSE 1 END,
    minute_began_at = CASE WHEN minute_began_at > statement_timestamp() - interval '1 minute'
        THEN minute_began_at ELSE statement_timestamp() END
FROM quick WHERE id = %s
RETURNING calls_in_minute, minute_began_at, statement_timestamp()
"""


@dataclass(frozen=True)
class ApiClient:
    """A program that acts through a key, with the account's rights as far as the key's scopes reach."""

    key: ApiKey

    @property
    def pk(self) -> int | None:
        return self.key.account_id

    @property
    def is_superuser(self) -> bool:
        return self.key.account.is_superuser

    @property
    def shop(self) -> Shop:
        return self.key.shop

    @property
    def channel(self) -> Channel:
        return Channel.API

    def get_username(self) -> str:
        return str(self.key.account.get_username())

    def has_perm(self, perm: str, /) -> bool:
        """Tell whether the account has the permission; a scope never gives more than that."""
        return bool(self.key.account.has_perm(perm))


def create_key(
    *,
    name: str,
    scopes: Iterable[str],
    shop: Shop | None = None,
    account: User | None = None,
    limit_per_minute: int = DEFAULT_LIMIT,
    expires_at: datetime | None = None,
    created_by: str = "",
) -> tuple[ApiKey, str]:
    """Make a key, and return it with its text, which nobody can find out later.

    Without an account it gets one of its own, `api-NAME`, with the roles that its scopes need and no password. Raises
    OrderError for scopes that do not exist, and where `api-NAME` is a person's account.
    """
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(ApiKey.Scope.values):
        sentence = _("A key needs scopes, each of: %(scopes)s.")
        raise OrderError(sentence % {"scopes": ", ".join(ApiKey.Scope.values)})
    if not name.strip():
        raise OrderError(_("A key needs a name."))
    text = new_key_text()
    with transaction.atomic():
        key = ApiKey.objects.create(
            shop=shop or Shop.objects.get_or_create(name=DEFAULT_SHOP)[0],
            name=name.strip()[:100],
            account=account or _own_account(name, wanted),
            scopes=wanted,
            limit_per_minute=limit_per_minute,
            expires_at=expires_at,
            created_by=created_by,
            **_describe_text(text),
        )
    key.refresh_from_db()
    return key, text


def rotate_key(key: ApiKey, *, created_by: str = "", overlap: timedelta = ROTATION) -> tuple[ApiKey, str]:
    """Make a key like this one, which stays valid for `overlap`, for programs to change over. Raises OrderError."""
    if key.revoked_at is not None:
        raise OrderError(_("The key %(prefix)s… is revoked. Make a new one.") % {"prefix": key.prefix})
    with transaction.atomic():
        successor, text = create_key(
            name=key.name,
            scopes=key.scopes,
            shop=key.shop,
            account=key.account,
            limit_per_minute=key.limit_per_minute,
            created_by=created_by,
        )
        end = database_now() + overlap
        still_valid = Q(expires_at__isnull=True) | Q(expires_at__gt=end)
        ApiKey.objects.filter(still_valid, pk=key.pk).update(expires_at=end)
    return successor, text


def revoke_key(key: ApiKey) -> None:
    """Refuse the key from now on."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now())


def read_key(prefix: str) -> ApiKey:
    """Return the key that begins with `prefix`. Raises OrderError."""
    key = ApiKey.objects.select_related("shop", "account").filter(prefix=prefix.rstrip("…")).first()
    if key is None:
        raise OrderError(_("There is no API key that begins with %(prefix)s.") % {"prefix": prefix})
    return key


def recognise_key(text: str) -> ApiClient:
    """Return who calls with this key, and count the call.

    Raises KeyRefused for what is no valid key, TooManyCalls beyond its limit.
    """
    match = PATTERN.fullmatch(text)
    key = _find_with_rights(match[1]) if match else None
    if key is None or not hmac.compare_digest(key.digest, _digest(text)):
        raise KeyRefused("This API key does not exist.")
    if key.revoked_at is not None:
        raise KeyRefused("This API key was revoked.")
    calls, began_at, now = _count_call(key)
    if key.expires_at is not None and key.expires_at <= now:
        raise KeyRefused("This API key has expired.")
    if not key.account.is_active:
        raise KeyRefused("The account of this API key is inactive.")
    if calls > key.limit_per_minute:
        seconds = (began_at + MINUTE - now).total_seconds()
        raise TooManyCalls(key.limit_per_minute, seconds, key_name=key.name)
    return ApiClient(key)


def _find_with_rights(prefix: str) -> ApiKey | None:
    """Return the key with its shop and account, and the account with its rights, by one statement."""
    rights = RawSQL(READ_RIGHTS.format(account="orders_apikey.account_id"), [])  # noqa: S611 - names of ours alone
    key = ApiKey.objects.select_related("shop", "account").annotate(rights=rights).filter(prefix=prefix).first()
    if key is not None:
        keep_rights(key.account, key.rights)
    return key


def _count_call(key: ApiKey) -> tuple[int, datetime, datetime]:
    """Count a call; return how many there were since when, and the time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(COUNT_CALL, [key.pk])
        calls, began_at, now = cursor.fetchone()
    return calls, began_at, now


def _own_account(name: str, scopes: Iterable[str]) -> User:
    """Return the account of a program's own: it cannot sign in, and has the roles that the scopes need."""
    username = f"api-{slugify(name)[:100] or 'key'}"
    account, is_new = User.objects.get_or_create(username=username)
    if is_new:
        account.set_unusable_password()
        account.save()
    elif account.has_usable_password():
        sentence = _("%(username)s is a person's account. Name the account that the key acts as.")
        raise OrderError(sentence % {"username": username})
    account.groups.add(*Group.objects.filter(name__in={ROLES_OF_SCOPES[ApiKey.Scope(scope)] for scope in scopes}))
    return account


def new_key_text() -> str:
    """Return the text of a key that does not exist yet."""
    shown = "".join(secrets.choice(CROCKFORD) for _ in range(8))
    return f"ock_{shown}_{secrets.token_urlsafe(32)}"


def _describe_text(text: str) -> dict[str, str]:
    return {"prefix": text[:12], "digest": _digest(text)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
