"""/admin/auth/: who may change what of whom, and that a trail outlives its account."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from orders.decisions import decide
from orders.intake import submission
from tests.asking import LOGIN, text_of
from tests.making import make_draft, make_user

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/user/"
NEW = "late trams sing badly"


def change_url(person: User) -> str:
    return f"{USERS}{person.pk}/change/"


def form_of(person: User, **changes: Any) -> dict[str, Any]:
    """Return the form of somebody's page as it is sent, with all that a forger would add."""
    form: dict[str, Any] = {
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "is_active": "on" if person.is_active else "",
        "is_staff": "on" if person.is_staff else "",
        "is_superuser": "on" if person.is_superuser else "",
        "groups": [group.pk for group in person.groups.all()],
        "user_permissions": [permission.pk for permission in person.user_permissions.all()],
    }
    return {name: value for name, value in (form | changes).items() if value != ""}


def confirm(client: Client) -> None:
    """Enter the password again, which is the business of tests/console/accounts/test_confirmation.py."""
    client.post("/admin/auth/group/", {"confirm_password": "demo", "confirm_method": "GET"})


@pytest.fixture
def sam(db: None) -> User:
    """Staff who may change users, and has never signed in."""
    person = make_user("sam")
    person.is_staff = True
    person.save()
    codenames = ("add_user", "change_user", "delete_user", "view_user", "add_group", "change_group", "delete_group")
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames, content_type__app_label="auth"))
    return person


@pytest.fixture
def sams(client: Client, sam: User) -> Client:
    """Sam's browser."""
    client.force_login(sam)
    confirm(client)
    return client


@pytest.fixture
def admins(client: Client, admin_user: User) -> Client:
    """The superuser's browser."""
    client.force_login(admin_user)
    confirm(client)
    return client


class TestStaff:
    def test_they_edit_names_and_addresses(self, sams: Client, alice: User) -> None:
        sent = form_of(alice, first_name="Alice", last_name="Arden", email="alice@shop.example")
        assert sams.post(change_url(alice), sent).status_code == 302
        alice.refresh_from_db()
        assert (alice.get_full_name(), alice.email) == ("Alice Arden", "alice@shop.example")

    @pytest.mark.parametrize(
        "forged",
        [
            {"is_superuser": "on"},
            {"is_staff": "on"},
            {"is_active": ""},
            {"username": "mallory"},
            {"password": "x"},
            {"groups": "all"},
            {"user_permissions": "all"},
        ],
        ids=lambda forged: next(iter(forged)),
    )
    @pytest.mark.parametrize("name", ["sam", "alice"])
    def test_they_touch_no_rights(
        self, sams: Client, alice: User, sam: User, name: str, forged: dict[str, Any]
    ) -> None:
        person = User.objects.get(username=name)
        everything: dict[str, Any] = {"groups": Group, "user_permissions": Permission}
        forged = {
            field: list(everything[field].objects.values_list("pk", flat=True)) if value == "all" else value
            for field, value in forged.items()
        }
        before = (User.objects.filter(pk=person.pk).values().get(), person.get_all_permissions())
        assert sams.post(change_url(person), form_of(person, **forged)).status_code == 302
        after = User.objects.get(pk=person.pk)
        assert (User.objects.filter(pk=person.pk).values().get(), after.get_all_permissions()) == before

    def test_they_do_not_touch_superusers(self, sams: Client, admin_user: User) -> None:
        assert sams.post(change_url(admin_user), form_of(admin_user, email="x@evil.example")).status_code == 403
        assert sams.post(f"{USERS}{admin_user.pk}/delete/", {"post": "yes"}).status_code == 403
        admin_user.refresh_from_db()
        assert admin_user.email == ""

    @pytest.mark.parametrize("name", ["alice", "admin", "sam"])
    def test_they_set_nobodys_password(self, sams: Client, alice: User, admin_user: User, name: str) -> None:
        person = User.objects.get(username=name)
        for data in ({"password1": NEW, "password2": NEW}, {"usable_password": "false", "unset-password": "1"}):
            response = sams.post(f"{USERS}{person.pk}/password/", data)
            assert response.status_code == 403
        assert "Only superusers can set other people&#x27;s passwords" in text_of(response)
        person.refresh_from_db()
        assert person.check_password("demo")

    def test_they_see_no_password(self, sams: Client, alice: User, admin_user: User) -> None:
        for person in (alice, admin_user):
            page = text_of(sams.get(change_url(person)))
            assert "Only superusers can change these." in page
            assert person.password not in page
            assert "../password/" not in page

    def test_they_add_accounts_without_password_and_rights(self, sams: Client) -> None:
        page = text_of(sams.get(f"{USERS}add/"))
        assert "password1" not in page
        sent = {
            "username": "nils",
            "password1": NEW,
            "password2": NEW,
            "is_superuser": "on",
            "is_staff": "on",
            "groups": [Group.objects.get(name="approver").pk],
        }
        assert sams.post(f"{USERS}add/", sent).status_code == 302
        person = User.objects.get(username="nils")
        assert not person.has_usable_password()
        assert (person.is_superuser, person.is_staff, person.groups.count()) == (False, False, 0)

    def test_they_change_no_groups(self, sams: Client) -> None:
        group = Group.objects.get(name="approver")
        before = set(group.permissions.values_list("pk", flat=True))
        everything = list(Permission.objects.values_list("pk", flat=True))
        sent = {"name": "approver", "permissions": everything}
        for path in (f"/admin/auth/group/{group.pk}/change/", "/admin/auth/group/add/"):
            assert sams.post(path, sent).status_code == 403
        assert sams.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 403
        assert set(group.permissions.values_list("pk", flat=True)) == before

    @pytest.mark.parametrize("model", ["user", "group"])
    def test_there_is_no_mass_deletion(self, sams: Client, alice: User, model: str) -> None:
        picked = [alice.pk] if model == "user" else list(Group.objects.values_list("pk", flat=True))
        sent = {"action": "delete_selected", "_selected_action": picked, "post": "yes", "index": "0"}
        sams.post(f"/admin/auth/{model}/", sent)
        assert User.objects.filter(pk=alice.pk).exists()
        assert Group.objects.count() == 3

    @pytest.mark.parametrize("query", ["password__startswith=pbkdf2", "is_superuser__exact=1&password=x"])
    def test_the_list_answers_no_questions_about_passwords(self, sams: Client, query: str) -> None:
        assert sams.get(f"{USERS}?{query}").status_code in {302, 400, 403}


class TestSuperusers:
    def test_they_give_rights(self, admins: Client, alice: User) -> None:
        approver = Group.objects.get(name="approver")
        right = Permission.objects.get(codename="open_temporal_ui")
        sent = form_of(alice, is_staff="on", groups=[approver.pk], user_permissions=[right.pk])
        assert admins.post(change_url(alice), sent).status_code == 302
        alice = User.objects.get(pk=alice.pk)
        assert alice.is_staff
        assert alice.has_perms(["orders.approve_order", "orders.open_temporal_ui"])

    def test_they_add_accounts_with_a_password_that_is_not_obvious(self, admins: Client) -> None:
        sent = {"username": "nils", "password1": "password2026", "password2": "password2026", "is_superuser": "on"}
        assert "common" in text_of(admins.post(f"{USERS}add/", sent))
        response = admins.post(f"{USERS}add/", sent | {"password1": NEW, "password2": NEW})
        person = User.objects.get(username="nils")
        assert response["Location"] == change_url(person)
        assert (person.is_superuser, person.check_password(NEW)) == (False, True)

    def test_they_set_passwords(self, admins: Client, alice: User) -> None:
        url = f"{USERS}{alice.pk}/password/"
        assert "at least 12 characters" in text_of(admins.post(url, {"password1": "short", "password2": "short"}))
        sent = {"password1": NEW, "password2": NEW, "usable_password": "true", "set-password": "1"}
        assert admins.post(url, sent).status_code == 302
        alice.refresh_from_db()
        assert alice.check_password(NEW)

    @pytest.mark.parametrize("field", ["is_active", "is_staff", "is_superuser"])
    def test_they_do_not_lock_themselves_out(self, admins: Client, admin_user: User, field: str) -> None:
        assert admins.post(change_url(admin_user), form_of(admin_user, **{field: ""})).status_code == 302
        admin_user.refresh_from_db()
        assert (admin_user.is_active, admin_user.is_staff, admin_user.is_superuser) == (True, True, True)

    def test_they_change_groups(self, admins: Client) -> None:
        group = Group.objects.get(name="approver")
        right = Permission.objects.get(codename="open_temporal_ui")
        sent = {"name": "approver", "permissions": [right.pk]}
        assert admins.post(f"/admin/auth/group/{group.pk}/change/", sent).status_code == 302
        assert list(group.permissions.all()) == [right]

    def test_who_is_deactivated_is_out_at_once(self, admins: Client, alice: User) -> None:
        browser = Client()
        browser.post(LOGIN, {"username": "alice", "password": "demo"})
        assert browser.get("/orders/").status_code == 200
        admins.post(change_url(alice), form_of(alice, is_active=""))
        admins.post(change_url(alice), form_of(User.objects.get(pk=alice.pk), is_active="on"))
        assert browser.get("/orders/").status_code == 302, "and does not come back with the account"
        assert admins.get(USERS).status_code == 200


class TestTrail:
    @pytest.fixture(params=["signed in", "submitted", "decided", "changed something here"])
    def used(self, request: pytest.FixtureRequest, admin_user: User) -> User:
        """An account that has been used in one way."""
        person = make_user("tess", is_superuser=True)
        if request.param == "signed in":
            Client().post(LOGIN, {"username": "tess", "password": "demo"})
        elif request.param == "submitted":
            submission.submit_order(make_draft(), actor=person, idempotency_key="1")
        elif request.param == "decided":
            order = submission.submit_order(make_draft(), actor=admin_user, idempotency_key="1")
            decide.cancel_order(order, actor=person, reason="x")
        else:
            LogEntry.objects.log_actions(person.pk, [admin_user], CHANGE, change_message="x", single_object=True)
        person.refresh_from_db()
        return person

    def test_a_name_stays_once_the_account_was_used(self, admins: Client, used: User) -> None:
        admins.post(change_url(used), form_of(used, username="other", last_name="Changed"))
        used.refresh_from_db()
        assert (used.username, used.last_name) == ("tess", "Changed")

    def test_a_used_account_is_not_deleted(self, admins: Client, used: User) -> None:
        page = text_of(admins.get(change_url(used)))
        assert "it cannot be renamed or deleted" in page
        assert f"{USERS}{used.pk}/delete/" not in page
        response = admins.post(f"{USERS}{used.pk}/delete/", {"post": "yes"})
        assert response.status_code == 403
        assert "Clear “Active” instead" in text_of(response)
        assert User.objects.filter(pk=used.pk).exists()

    def test_an_unused_account_is_renamed_and_deleted(self, admins: Client, alice: User) -> None:
        admins.post(change_url(alice), form_of(alice, username="alicia"))
        alice.refresh_from_db()
        assert alice.username == "alicia"
        assert admins.post(f"{USERS}{alice.pk}/delete/", {"post": "yes"}).status_code == 302
        assert not User.objects.filter(pk=alice.pk).exists()

    def test_the_database_keeps_what_the_admin_noted(self, admins: Client, admin_user: User, alice: User) -> None:
        admins.post(change_url(alice), form_of(alice, last_name="Arden"))
        for change in (
            admin_user.delete,
            lambda: LogEntry.objects.all().delete(),
            lambda: LogEntry.objects.update(user=alice),
        ):
            with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
                change()
        assert LogEntry.objects.get().user == admin_user


class TestNames:
    def add(self, client: Client, name: str) -> str:
        sent = {"username": name, "password1": NEW, "password2": NEW}
        return text_of(client.post(f"{USERS}add/", sent))

    @pytest.mark.parametrize("name", ["alice", "Alice", "ALICE", "\uff41lice", "a1ice", "aIice", "ALlCE"], ids=ascii)
    def test_it_may_not_be_taken_for_another(self, admins: Client, alice: User, name: str) -> None:
        page = self.add(admins, name)
        assert "There is already an account alice." in page or "too much like the account alice" in page
        assert User.objects.count() == 2

    @pytest.mark.parametrize(
        "name", ["\u0430lice", "alic\u0435", "al\u0131ce", "ali\u200bce", "jos\u00e9", "alice bob", "-x"]
    )
    def test_it_has_letters_that_look_like_themselves(self, admins: Client, name: str) -> None:
        assert "Use letters from A to Z" in self.add(admins, name) or "Enter a valid username" in self.add(admins, name)
        assert User.objects.count() == 1

    def test_a_name_in_the_history_is_not_given_again(self, admins: Client, alice: User) -> None:
        submission.submit_order(make_draft(), actor=alice, idempotency_key="1")
        alice.delete()
        assert "Someone else used this name" in self.add(admins, "Alice")
        assert not User.objects.filter(username="Alice").exists()

    def test_renaming_follows_the_same_rules(self, admins: Client, alice: User, bob: User) -> None:
        page = text_of(admins.post(change_url(bob), form_of(bob, username="ALICE")))
        assert "There is already an account alice." in page

    @pytest.mark.parametrize("name", ["BOB", "b0b", "jos\u00e9"])
    def test_the_terminal_follows_them_too(self, bob: User, name: str) -> None:
        facts: dict[str, Any] = {"username": name, "email": "x@shop.example", "interactive": False}
        with pytest.raises(
            CommandError, match=r"There is already an account bob|too much like the account bob|Use letters from A to Z"
        ):
            call_command("createsuperuser", **facts)
        call_command("createsuperuser", **facts | {"username": "boss"}, stdout=StringIO())
        assert User.objects.get(username="boss").is_superuser

    @pytest.mark.parametrize("name", ["BOB", "Bob", "\uff22ob"])
    def test_the_database_keeps_them_apart_as_well(self, bob: User, name: str) -> None:
        with pytest.raises(IntegrityError, match="user_name_is_unique_whatever_its_case"), transaction.atomic():
            User.objects.create(username=name)


class TestDoor:
    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
    def test_signing_in_leads_to_the_admin_and_nowhere_else(
        self, client: Client, admin_user: User, target: str
    ) -> None:
        sent = {"username": "admin", "password": "demo"}
        assert Client().post("/admin/login/", sent)["Location"] == "/admin/"
        assert Client().post("/admin/login/", {**sent, "next": target})["Location"] == "/admin/"
        assert Client().post("/admin/login/", {**sent, "next": USERS})["Location"] == USERS
        client.force_login(admin_user)
        assert client.get("/admin/login/", {"next": target})["Location"] == "/admin/"

    def test_it_is_the_consoles_own_page(self, client: Client) -> None:
        assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
        page = text_of(client.get("/admin/login/"))
        assert 'name="next" value="/admin/"' in page
        assert "Sign in · Order console" in page

    @pytest.mark.parametrize("path", ["/admin/", USERS, "/admin/login/"])
    def test_who_has_no_place_there_is_told_so(self, client: Client, bob: User, path: str) -> None:
        client.force_login(bob)
        response = client.get(path, follow=True)
        assert response.status_code == 403
        assert "Your account cannot use the admin." in text_of(response)

    def test_signing_out_needs_no_password(self, client: Client, admin_user: User) -> None:
        client.force_login(admin_user)
        for method in (client.get, client.head):
            assert method("/admin/logout/").status_code == 405
        assert client.post("/admin/logout/")["Location"] == LOGIN
        assert client.get("/admin/").status_code == 302
