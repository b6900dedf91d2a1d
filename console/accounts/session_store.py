"""Sessions in the database, each read with its account: rights, settings and unread notices. One query a request.

Whose session it is stands inside of it. A process remembers that for the sessions that it has met, and asks for all
three at once; what it remembers is only a guess, and the session itself is looked at each time.
"""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.db import connection
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from console.accounts import personal_settings
from orders.notifications.unread import COUNT_UNREAD
from orders.postgres.rights import READ_RIGHTS, keep_rights

# Forgetting costs a query, so that all are forgotten at once when there are too many.
MOST_REMEMBERED: Final = 10_000

# The columns of an account, with which the answer begins.
FIELDS: Final = tuple(field.attname for field in User._meta.concrete_fields)
SETTINGS: Final = personal_settings.FIELDS
READ: Final = f"""
SELECT {", ".join(f"auth_user.{field}" for field in FIELDS)},
    {", ".join(f"console_personalsettings.{field}" for field in SETTINGS)}, django_session.session_data,
    {READ_RIGHTS.format(account="auth_user.id")} AS rights, ({COUNT_UNREAD.format(account="auth_user.id")}) AS unread
FROM django_session JOIN auth_user ON auth_user.id = %s
LEFT JOIN console_personalsettings ON account_id = auth_user.id
WHERE session_key = %s AND expire_date > %s
"""  # noqa: S608 - put together from Django's own names

_accounts_of_sessions: dict[str, str] = {}


class SessionStore(db.SessionStore):
    """Django's own, which also brings the account along as `account` where there is one."""

    account: User | None = None

    def load(self) -> dict[str, Any]:
        """Read the session; an expired one is empty."""
        session_key = self.session_key or ""
        account_id = _accounts_of_sessions.get(session_key)
        if account_id is None:
            data: dict[str, Any] = super().load()
            account_id = data.get(SESSION_KEY)
            if account_id is None:
                return data
            if len(_accounts_of_sessions) >= MOST_REMEMBERED:
                _accounts_of_sessions.clear()
            _accounts_of_sessions[session_key] = account_id
        return self._load_with_account(session_key, account_id)

    def _load_with_account(self, session_key: str, account_id: str) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute(READ, [account_id, session_key, timezone.now()])
            found = cursor.fetchone()
        if found is not None:
            *values, session_data, rights, unread = found
            data: dict[str, Any] = self.decode(session_data)
            if data.get(SESSION_KEY) == account_id:
                account: Any = User.from_db(connection.alias, FIELDS, values[: len(FIELDS)])
                personal_settings.keep_settings(account, values[len(FIELDS) :])
                keep_rights(account, rights)
                account.unread_notices = unread
                self.account = account
                return data
        # The session has ended, the account is gone, or somebody else has signed in: as if nothing had been remembered.
        _accounts_of_sessions.pop(session_key, None)
        ordinary: dict[str, Any] = super().load()
        return ordinary

    def find_account(self) -> User | None:
        """Return the account of the session when nothing speaks against it; otherwise Django has to look closer."""
        given = self.get(HASH_SESSION_KEY, "")  # reads the session, and so the account
        account = self.account
        if account is None or not account.is_active or self.get(SESSION_KEY) != str(account.pk):
            return None
        if self.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
            return None
        return account if constant_time_compare(given, account.get_session_auth_hash()) else None
