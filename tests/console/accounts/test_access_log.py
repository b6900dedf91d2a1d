"""What the log tells of signing in and out, and of every refusal: one line each."""

import logging

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponseForbidden
from django.test import Client, RequestFactory
from pytest_django import Settings

from console.accounts.access_log import RefusalLogMiddleware
from tests.asking import HTMX, LOGIN
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
LOG = "console.accounts.access_log"
HERE = "198.51.100.7"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was told since the last time, as the log has it."""
    found = [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.name == LOG]
    caplog.clear()
    return found


@pytest.fixture
def browser(client: Client, caplog: pytest.LogCaptureFixture) -> Client:
    """A browser at an address."""
    client.defaults["REMOTE_ADDR"] = HERE
    caplog.set_level("INFO")
    return client


def test_signing_in_and_out(browser: Client, bob: User, caplog: pytest.LogCaptureFixture) -> None:
    browser.post(LOGIN, {"username": "bob", "password": "demo"})
    browser.post("/accounts/logout/")
    who = f'address="{HERE}" user="bob" account={bob.pk}'
    assert lines(caplog) == [f"INFO signed in {who}", f"INFO signed out {who}"]
    browser.post("/accounts/logout/")
    assert lines(caplog) == []


def test_failures_and_the_lock(browser: Client, bob: User, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(6):
        browser.post(LOGIN, {"username": "bob", "password": "hunter2"})
    found = lines(caplog)
    assert found[:5] == [f'WARNING wrong password address="{HERE}" user="bob" path="{LOGIN}"'] * 5
    assert len(found) == 7
    for line in found[5:]:
        assert line.startswith(f'WARNING locked address="{HERE}" user="bob" path="{LOGIN}" until="20')
    assert "hunter2" not in str(found) + caplog.text


def test_axes_tells_nothing_besides(browser: Client, bob: User, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(6):
        browser.post(LOGIN, {"username": "bob\x1b[31m", "password": "wrong"})
    assert {record.name for record in caplog.records} == {LOG}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bob\nINFO signed in", r"bob\nINFO signed in"),
        ("\x1b[2Jbob\x9b", r"\x1b[2Jbob\x9b"),
        ("bob\N{RIGHT-TO-LEFT OVERRIDE}b", r"bob\u202eb"),
        ("bob\N{LINE SEPARATOR}x", r"bob\u2028x"),
        ('bob" account=1', r"bob\" account=1"),
        ("bob\\", r"bob\\"),
    ],
)
def test_a_name_cannot_write_lines_of_its_own(
    browser: Client, caplog: pytest.LogCaptureFixture, name: str, told: str
) -> None:
    browser.post(LOGIN, {"username": name, "password": "wrong"})
    (line,) = lines(caplog)
    assert f'user="{told}" path=' in line
    assert line.isprintable()


class TestRefusals:
    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
    def test_a_view_refuses(
        self, browser: Client, charlie: User, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
    ) -> None:
        browser.force_login(charlie)
        lines(caplog)
        browser.get("/orders/new/?customer=Emma+Example", headers=headers)
        assert lines(caplog) == [
            f'WARNING refused address="{HERE}" user="charlie" account={charlie.pk} method="GET" path="/orders/new/" '
            'reason="Your account cannot submit orders. Ask a clerk to do it."'
        ]

    def test_every_kind_of_403_has_a_line(
        self,
        browser: Client,
        alice: User,
        bob: User,
        admin_user: User,
        make_order: MakeOrder,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        order, own = make_order(), make_order(submitted_by="bob")
        make_user("sam")
        User.objects.filter(username="sam").update(is_staff=True)
        asked = [
            ("alice", "post", f"/orders/{order}/approve/"),
            ("alice", "post", f"/orders/{order}/cancel/"),
            ("alice", "post", "/orders/bulk/"),
            ("bob", "post", f"/orders/{own}/approve/"),
            ("bob", "get", "/orders/new/"),
            ("bob", "get", "/admin/login/"),
            ("sam", "get", "/"),
            ("sam", "get", "/admin/auth/user/"),
            ("sam", "get", "/admin/orders/order/"),
            ("admin", "post", "/admin/auth/user/add/"),
            ("admin", "get", "/admin/orders/order/add/"),
        ]
        for name, method, path in asked:
            browser.force_login(User.objects.get(username=name))
            lines(caplog)
            data = {"kind": "approve", "order_id": [str(order)]} if path == "/orders/bulk/" else None
            response = getattr(browser, method)(path, data)
            assert response.status_code == 403, path
            (line,) = lines(caplog)
            assert f'user="{name}"' in line
            assert f'method="{method.upper()}" path="{path}"' in line

    def test_one_that_nothing_explains_has_a_line_too(
        self, rf: RequestFactory, caplog: pytest.LogCaptureFixture
    ) -> None:
        request = rf.get("/somewhere/", REMOTE_ADDR=HERE)
        RefusalLogMiddleware(lambda request: HttpResponseForbidden())(request)
        assert lines(caplog) == [f'WARNING refused address="{HERE}" method="GET" path="/somewhere/"']

    def test_a_form_that_may_be_forged(
        self, bob: User, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logging.getLogger("django.security.csrf"), "propagate", True)
        monkeypatch.setattr(logging.getLogger("django.security"), "propagate", True)
        strict = Client(enforce_csrf_checks=True, REMOTE_ADDR=HERE)
        strict.force_login(bob)
        lines(caplog)
        assert strict.post("/orders/bulk/").status_code == 403
        (line,) = lines(caplog)
        assert 'user="bob"' in line
        assert 'reason="CSRF cookie not set."' in line
        assert strict.post(LOGIN).status_code == 403
        assert {record.name for record in caplog.records} == {LOG}, "Django does not tell it once more"
        assert len(lines(caplog)) == 1

    def test_a_path_cannot_write_lines_of_its_own(
        self, browser: Client, admin_user: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        browser.force_login(admin_user)
        lines(caplog)
        browser.post("/admin/auth/user/1%1B[2J%C2%9B%E2%80%AE/change/")
        (line,) = lines(caplog)
        assert line.isprintable()

    def test_what_is_allowed_has_none(self, browser: Client, bob: User, caplog: pytest.LogCaptureFixture) -> None:
        browser.force_login(bob)
        lines(caplog)
        browser.get("/orders/")
        browser.get("/nonsense/")
        assert lines(caplog) == []


def test_behind_a_proxy_the_line_names_the_browser(
    browser: Client, bob: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TRUSTED_PROXY_COUNT = 2
    forwarded = "192.0.2.66, 2001:db8::5, 10.0.0.2"
    browser.post(LOGIN, {"username": "bob", "password": "x"}, HTTP_X_FORWARDED_FOR=forwarded)
    assert 'address="2001:db8::5"' in lines(caplog)[0]
