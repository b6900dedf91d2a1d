"""How the tests' tables are emptied: whoever writes at the same time, and what the migrations wrote stays."""

import threading
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection, transaction

from orders.models import Order, Reason
from tests.emptying import empty_tables, read_written_rows
from tests.making import build_order, make_user
from tests.waiting import wait_until


def _somebody_waits(cursor: Any) -> bool:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(cursor.fetchone()[0])


def test_what_the_migrations_wrote_is_put_back(transactional_db: None) -> None:
    written = read_written_rows()
    build_order()
    Group.objects.get(name="clerk").delete()
    Reason.objects.all().delete()
    empty_tables(written)
    assert not Order.objects.exists()
    assert read_written_rows() == written
    assert all(written.rows.values())


def test_a_deadlock_with_somebody_who_writes_is_got_over(transactional_db: None) -> None:
    written = read_written_rows()
    make_user("alice")
    order = build_order()
    holds = threading.Event()

    def write() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '60s'")  # so that it is the other one who is given up
            cursor.execute("SELECT FROM auth_user FOR UPDATE")
            holds.set()
            wait_until(lambda: _somebody_waits(cursor), what="that the tables are being emptied")
            Order.objects.select_for_update().get(pk=order.pk)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert holds.wait(60)
    empty_tables(written)
    writer.join(60)
    assert not Order.objects.exists()
