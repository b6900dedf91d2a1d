"""What the policy has against approvals by one person, asked of many orders at once; `orders.policy` asks it of one."""

from enum import StrEnum
from typing import Any, Final

from django.db.models import BooleanField, F, Func, Value

# Levels by the groups that an order's policy names, then limits: a person's own go before those of their groups.
_TEMPLATE: Final = """(
    (
        NOT EXISTS (
            SELECT FROM jsonb_array_elements({policy} -> 'levels') AS level
            WHERE NOT EXISTS (
                SELECT FROM auth_user_groups AS member
                WHERE member.user_id = {account} AND member.group_id = (level ->> 'id')::bigint
            )
        )
        OR EXISTS (SELECT FROM auth_user AS person WHERE person.id = {account} AND person.is_superuser)
    )
    AND CASE
        WHEN EXISTS (SELECT FROM orders_approvallimit AS own WHERE own.account_id = {account}) THEN EXISTS (
            SELECT FROM orders_approvallimit AS own
            WHERE own.account_id = {account} AND own.currency = {currency} AND own.amount >= {total}
        )
        WHEN EXISTS (
            SELECT FROM orders_approvallimit AS theirs JOIN auth_user_groups AS member USING (group_id)
            WHERE member.user_id = {account}
        ) THEN EXISTS (
            SELECT FROM orders_approvallimit AS theirs JOIN auth_user_groups AS member USING (group_id)
            WHERE member.user_id = {account} AND theirs.currency = {currency} AND theirs.amount >= {total}
        )
        ELSE true
    END
)"""
_PLACES: Final = ("account", "policy", "currency", "total")


class Hold(StrEnum):
    """Why an order that waits for a person does not wait for this one; the first that applies counts."""

    OWN = "OWN"
    APPROVED = "APPROVED"
    LATE = "LATE"
    POLICY = "POLICY"


class IsWithinPolicy(Func):
    """Whether an account has the levels and the limit that an approval of the order needs."""

    output_field = BooleanField()

    def __init__(self, account_id: int) -> None:
        super().__init__(Value(account_id), F("policy"), F("currency"), F("total"))

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        """Write the template, in which each part may stand several times."""
        parts = dict(zip(_PLACES, map(compiler.compile, self.source_expressions), strict=True))
        pieces: list[str] = []
        params: list[Any] = []
        for piece in _TEMPLATE.replace("{", "}").split("}"):
            sql, given = parts.get(piece, (piece, ()))
            pieces.append(sql)
            params += given
        return "".join(pieces), tuple(params)
