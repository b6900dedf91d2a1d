"""Wrong passwords are counted, and after five the account waits: at this address, and nowhere else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from console.accounts.throttle import locked_until
from tests.asking import LOGIN, text_of
from tests.making import make_user

pytestmark = pytest.mark.django_db
HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"
SIGN_IN_PAGES = pytest.mark.parametrize("sign_in_page", [LOGIN, "/admin/login/"])


def sign_in(client: Client, password: str, name: str = "bob", *, sign_in_page: str = LOGIN, **meta: str) -> Any:
    environment: dict[str, Any] = {"REMOTE_ADDR": HERE, **meta}
    return client.post(sign_in_page, {"username": name, "password": password}, **environment)


def lock(client: Client, name: str = "bob", **meta: str) -> Any:
    for _ in range(4):
        assert sign_in(client, "wrong", name, **meta).status_code == 200
    response = sign_in(client, "wrong", name, **meta)
    assert response.status_code == 429
    return response


def let_pass(time: timedelta) -> None:
    """Let time pass, as far as wrong passwords are concerned."""
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - time)


class TestLock:
    @SIGN_IN_PAGES
    def test_after_five_wrong_passwords_the_right_one_has_to_wait(
        self, client: Client, bob: User, sign_in_page: str
    ) -> None:
        answers = [sign_in(client, "wrong", sign_in_page=sign_in_page).status_code for _ in range(5)]
        assert answers == [200, 200, 200, 200, 429]
        assert sign_in(client, "demo", sign_in_page=sign_in_page).status_code == 429
        assert client.get("/orders/").status_code == 302

    def test_the_doors_are_counted_together(self, client: Client, bob: User) -> None:
        for number in range(4):
            sign_in(client, "wrong", sign_in_page=[LOGIN, "/admin/login/"][number % 2])
        assert sign_in(client, "wrong").status_code == 429

    def test_the_page_says_when_to_try_again(self, client: Client, bob: User) -> None:
        response = lock(client)
        page = text_of(response)
        assert "Too many wrong passwords" in page
        assert "in 14 min" in page
        until = datetime.fromisoformat(page.split('<time datetime="')[1].split('"')[0])
        assert timedelta(minutes=14) < until - timezone.now() <= timedelta(minutes=15)
        assert 14 * 60 < int(response["Retry-After"]) <= 15 * 60 + 1
        assert response["Cache-Control"] == "no-store"
        assert "wrong" not in page.replace("wrong passwords", "")

    def test_the_time_that_was_named_stays(self, client: Client, bob: User) -> None:
        lock(client)
        until = locked_until("bob", HERE)
        let_pass(timedelta(minutes=10))
        for _ in range(3):
            assert sign_in(client, "wrong").status_code == 429
        assert locked_until("bob", HERE) == until - timedelta(minutes=10)
        let_pass(timedelta(minutes=5))
        assert sign_in(client, "demo").status_code == 302

    def test_another_browser_is_no_way_round(self, client: Client, bob: User) -> None:
        for number in range(4):
            sign_in(client, "wrong", HTTP_USER_AGENT=f"Browser {number}")
        assert sign_in(client, "wrong", HTTP_USER_AGENT="Another").status_code == 429
        assert sign_in(client, "demo", HTTP_USER_AGENT="Yet another").status_code == 429

    def test_of_several_browsers_the_first_to_be_forgotten_sets_the_time(self, client: Client, bob: User) -> None:
        for _ in range(3):
            sign_in(client, "wrong", HTTP_USER_AGENT="First")
        let_pass(timedelta(minutes=6))
        for _ in range(2):
            sign_in(client, "wrong", HTTP_USER_AGENT="Second")
        assert timedelta(minutes=8) < locked_until("bob", HERE) - timezone.now() <= timedelta(minutes=9)
        let_pass(timedelta(minutes=9))
        assert sign_in(client, "demo").status_code == 302

    def test_nobody_locks_an_account_everywhere(self, client: Client, bob: User) -> None:
        lock(client)
        assert sign_in(client, "demo", REMOTE_ADDR=ELSEWHERE).status_code == 302

    def test_others_at_the_address_get_in(self, client: Client, bob: User, dana: User) -> None:
        lock(client)
        assert sign_in(client, "demo", "dana").status_code == 302

    def test_a_name_that_nobody_has_is_locked_as_well(self, client: Client) -> None:
        """Otherwise the answer would tell which names there are."""
        lock(client, "nobody-of-this-name")

    def test_signing_in_forgets_the_failures(self, client: Client, bob: User) -> None:
        for _ in range(4):
            sign_in(client, "wrong")
        assert sign_in(client, "demo").status_code == 302
        client.post("/accounts/logout/")
        for _ in range(4):
            assert sign_in(client, "wrong").status_code == 200

    def test_the_form_is_still_shown(self, client: Client, bob: User) -> None:
        lock(client)
        assert client.get(LOGIN, REMOTE_ADDR=HERE).status_code == 200

    @pytest.mark.parametrize("name", ["x" * 151, "x" * 5000, "bo\0b"])
    def test_what_can_be_no_name_is_refused(self, client: Client, name: str) -> None:
        assert sign_in(client, "wrong", name).status_code == 200
        assert not AccessAttempt.objects.exists()


class TestAddress:
    """Behind proxies the address is what the outermost of ours wrote; what stands before it anybody can write."""

    @pytest.fixture(autouse=True)
    def _one_proxy(self, settings: Settings) -> None:
        settings.TRUSTED_PROXY_COUNT = 1

    def test_browsers_behind_a_proxy_are_told_apart(self, client: Client, bob: User) -> None:
        lock(client, HTTP_X_FORWARDED_FOR=ELSEWHERE)
        assert sign_in(client, "demo", HTTP_X_FORWARDED_FOR="192.0.2.1").status_code == 302

    def test_a_forged_header_is_no_way_round(self, client: Client, bob: User) -> None:
        for number in range(4):
            sign_in(client, "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}, {ELSEWHERE}")
        response = sign_in(client, "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.99,{ELSEWHERE}")
        assert response.status_code == 429

    def test_without_proxies_the_header_counts_for_nothing(self, client: Client, bob: User, settings: Settings) -> None:
        settings.TRUSTED_PROXY_COUNT = 0
        for number in range(4):
            sign_in(client, "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
        assert sign_in(client, "wrong", HTTP_X_FORWARDED_FOR="192.0.2.99").status_code == 429

    def test_a_home_with_ipv6_is_one_address(self, client: Client, bob: User) -> None:
        for number in range(4):
            sign_in(client, "wrong", HTTP_X_FORWARDED_FOR=f"2001:db8:1:2:{number}::1")
        assert sign_in(client, "wrong", HTTP_X_FORWARDED_FOR="2001:db8:1:2:ffff::1").status_code == 429
        assert sign_in(client, "demo", HTTP_X_FORWARDED_FOR="2001:db8:1:3::1").status_code == 302

    @pytest.mark.parametrize("meta", [{"REMOTE_ADDR": ""}, {"HTTP_X_FORWARDED_FOR": "unknown"}])
    def test_without_an_address_it_is_counted_too(self, client: Client, bob: User, meta: dict[str, str]) -> None:
        lock(client, **meta)


class TestRecords:
    def test_old_ones_are_removed(self, client: Client, bob: User, dana: User) -> None:
        sign_in(client, "wrong", "someone")
        let_pass(timedelta(minutes=16))
        sign_in(client, "wrong", "dana")
        assert [row.username for row in AccessAttempt.objects.all()] == ["dana"]

    def test_a_locked_account_costs_no_more_rows(self, client: Client, bob: User) -> None:
        lock(client)
        before = AccessAttempt.objects.values().get()
        for _ in range(5):
            sign_in(client, "wrong")
        assert AccessAttempt.objects.values().get() == before

    def test_no_row_is_kept_for_each_sign_in(self, client: Client, bob: User) -> None:
        sign_in(client, "demo")
        assert not AccessLog.objects.exists()

    def test_no_password_is_kept(self, client: Client, admin_user: User) -> None:
        """Whatever page it was typed on."""
        sign_in(client, "secret-0", "admin")
        client.force_login(admin_user)
        typed = {"old_password": "secret-1", "new_password1": "secret-2", "new_password2": "secret-3"}
        client.post("/accounts/password/", typed)
        client.post(
            "/admin/auth/user/add/", {"confirm_password": "secret-4", "password1": "secret-5", "password2": "s"}
        )
        kept = [(row.get_data, row.post_data) for row in AccessAttempt.objects.all()]
        assert len(kept) == 2
        assert "secret" not in str(kept)


def test_the_tests_own_way_in_needs_no_address(client: Client, bob: User) -> None:
    assert client.login(username="bob", password="demo")
    assert not Client().login(username="bob", password="wrong")


class ShortHasher(PBKDF2PasswordHasher):
    """Takes long enough for others to come in between, and not so long that a busy machine gives up the lock."""

    iterations = 100_000


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_no_way_round(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one password is being looked at, which takes a while on purpose, no other one is."""
    settings.PASSWORD_HASHERS = [f"{__name__}.ShortHasher"]
    make_user("bob", "approver")
    looked_at: list[str] = []
    check_password = User.check_password

    def note(user: User, raw_password: str) -> bool:
        looked_at.append(raw_password)
        return check_password(user, raw_password)

    monkeypatch.setattr(User, "check_password", note)

    def attempt(_: int) -> int:
        try:
            status: int = sign_in(Client(), "wrong").status_code
            return status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=12) as pool:
        answers = sorted(pool.map(attempt, range(24)))
    assert answers == [200] * 4 + [429] * 20
    assert len(looked_at) == 5
