"""Rules and limits are written with who changed them and what stood there: in the admin and at the terminal."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client

from orders.errors import PolicyInvalid
from orders.models import ApprovalLimit, PolicyChange, PolicyRule
from orders.policy import changes
from tests.asking import text_of
from tests.making import Colleague, MakeOrder
from tests.orders.policy.asking import ADMIN, make_limit, make_rule
from tests.orders.policy.test_conditions import EVERYTHING

pytestmark = pytest.mark.django_db
RULES = "/admin/orders/policyrule/"
LIMITS = "/admin/orders/approvallimit/"


@pytest.fixture
def admins(client: Client, admin_user: User) -> Client:
    """The administrator's browser, with the password entered a moment ago."""
    client.force_login(admin_user)
    client.post(f"{RULES}add/", {"confirm_password": "demo", "confirm_method": "GET"})
    return client


def typed(**changes: Any) -> dict[str, Any]:
    return {"name": "Large", "precedence": "10", "is_enabled": "on", "approvals_needed": "2"} | changes


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("policy", *arguments)
    return capsys.readouterr().out


def check_rules() -> None:
    """Have PostgreSQL look now at what it else looks at when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


class TestRules:
    """PostgreSQL compares each row with the history that was written in the same transaction, at its end."""

    def refuse(self, change: Callable[[], object]) -> None:
        def change_and_end() -> None:
            with transaction.atomic():
                change()
                check_rules()

        with pytest.raises(IntegrityError, match="together with its history"):
            change_and_end()

    def test_a_rule_is_not_written_without_its_history(self) -> None:
        self.refuse(lambda: PolicyRule.objects.create(name="Large", approvals_needed=2))
        rule = make_rule(approvals_needed=2)
        self.refuse(lambda: PolicyRule.objects.update(approvals_needed=1))
        self.refuse(rule.delete)

    def test_a_limit_is_not_written_without_its_history(self, bob: User) -> None:
        self.refuse(lambda: ApprovalLimit.objects.create(account=bob, currency="EUR", amount=1))
        limit = make_limit(bob, 1000)
        self.refuse(lambda: ApprovalLimit.objects.update(amount=1001))
        self.refuse(limit.delete)

    def test_the_history_has_to_say_what_was_changed(self) -> None:
        rule = make_rule(approvals_needed=2)

        def change_more_than_is_told() -> None:
            rule.precedence = 5
            changes.save_rule(rule, actor=ADMIN)
            PolicyRule.objects.update(approvals_needed=0)

        self.refuse(change_more_than_is_told)

    def test_every_part_of_a_rule_and_a_limit_can_be_changed(self, bob: User) -> None:
        senior, junior = (Group.objects.create(name=name) for name in ("senior", "junior"))
        rule = make_rule("Large", approvals_needed=2, level=senior, **EVERYTHING)
        rule.level, rule.skus, rule.weekdays = junior, ["B", "C"], []
        changes.save_rule(rule, actor=ADMIN)
        for group in (senior, junior, None):
            rule.escalate_to = group
            changes.save_rule(rule, actor=ADMIN)
        limits = [make_limit(bob, 1000), make_limit(junior, 500, "USD")]
        limits[0].amount, limits[1].group = 2000, senior
        for limit in limits:
            changes.save_limit(limit, actor=ADMIN)
            changes.remove_limit(limit, actor=ADMIN)
        changes.remove_rule(rule, actor=ADMIN)
        check_rules()
        assert PolicyChange.objects.count() == 12

    def test_whom_a_rule_escalates_to_is_a_part_of_its_history(self) -> None:
        rule, group = make_rule(), Group.objects.create(name="supervisors")
        self.refuse(lambda: PolicyRule.objects.update(escalate_to=group))
        rule.escalate_to = group
        changes.save_rule(rule, actor=ADMIN)
        check_rules()
        told = PolicyChange.objects.first()
        assert told is not None
        assert told.before is not None
        assert told.after is not None
        assert ("escalate_to" in told.before, told.after["escalate_to"]) == (False, "supervisors")
        self.refuse(lambda: PolicyRule.objects.update(escalate_to=None))
        with pytest.raises(ProtectedError):
            group.delete()

    @pytest.mark.parametrize("table", ["orders_policyrule", "orders_approvallimit"])
    def test_they_are_not_emptied(self, table: str) -> None:
        with pytest.raises(IntegrityError, match="one by one"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table}")

    def test_an_account_or_a_group_stays_while_it_has_a_limit(self, bob: User) -> None:
        group = Group.objects.create(name="juniors")
        make_limit(bob, 1000)
        make_limit(group, 1000)
        for whose in (bob, group):
            with pytest.raises(ProtectedError):
                whose.delete()


class TestVerbs:
    def test_a_change_says_who_and_what(self) -> None:
        rule = changes.save_rule(PolicyRule(name="Large", approvals_needed=2), actor=ADMIN)
        rule.precedence = 5
        changes.save_rule(rule, actor=ADMIN)
        changes.save_rule(rule, actor=ADMIN)
        changes.remove_rule(rule, actor=Colleague("bob", pk=2))
        removed, changed, added = PolicyChange.objects.all()
        assert [each.action for each in (added, changed, removed)] == ["ADDED", "CHANGED", "REMOVED"]
        assert (changed.actor, changed.actor_account_id) == ("admin", 1)
        assert changed.before is not None
        assert changed.after is not None
        assert (changed.before["precedence"], changed.after["precedence"]) == (100, 5)
        assert (removed.actor, removed.after, removed.name) == ("bob", None, "Large")

    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"name": " "}, "name"),
            ({"total_above": 1}, "total_above: Choose the currency"),
            ({"currency": "EURO"}, "currency"),
            ({"currency": "XXX"}, "XXX is not a currency"),
            ({"countries": ["Germany"]}, "'GERMANY' is not a country|'Germany' is not a country"),
            ({"from_hour": 3}, "Give both hours"),
            ({"from_hour": 24, "to_hour": 3}, "Give both hours"),
            ({"from_hour": 3, "to_hour": 3}, "differs from the first"),
            ({"weekdays": [0]}, "Days are 1"),
            ({"orders_in_a_day": 1}, "Enter 2 or more"),
            ({"approvals_needed": 3}, "Enter 0, 1 or 2"),
            ({"approvals_needed": 0, "deadline_seconds": 90}, "Enter 60 seconds or more"),
            ({"deadline_seconds": 59}, "Enter 60 seconds or more"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, facts: dict[str, Any], sentence: str) -> None:
        with pytest.raises(PolicyInvalid, match=sentence):
            changes.save_rule(PolicyRule(**{"name": "Rule"} | facts), actor=ADMIN)
        assert not PolicyChange.objects.exists()

    def test_an_escalation_without_an_approval_is_refused(self) -> None:
        group = Group.objects.create(name="supervisors")
        with pytest.raises(PolicyInvalid, match="escalate_to: Without an approval nobody waits for one"):
            make_rule(approvals_needed=0, escalate_to=group)

    def test_a_level_without_an_approval_is_refused(self) -> None:
        group = Group.objects.create(name="senior")
        with pytest.raises(PolicyInvalid, match="Without an approval nobody gives it"):
            changes.save_rule(PolicyRule(name="Rule", approvals_needed=0, level=group), actor=ADMIN)

    def test_a_limit_is_of_an_account_or_a_group(self, bob: User) -> None:
        with pytest.raises(PolicyInvalid, match="Choose an account or a group"):
            changes.save_limit(ApprovalLimit(currency="EUR", amount=1), actor=ADMIN)
        limit = changes.save_limit(ApprovalLimit(account=bob, currency="eur", amount=100_000), actor=ADMIN)
        assert str(limit) == "bob: 1,000.00 EUR"
        changes.remove_limit(limit, actor=ADMIN)
        assert [each.name for each in PolicyChange.objects.all()] == ["bob: 1,000.00 EUR"] * 2


class TestAdmin:
    def test_a_rule_is_added_as_people_write_it(self, admins: Client) -> None:
        response = admins.post(
            f"{RULES}add/",
            typed(typed="5000.00", currency="EUR", countries="de, FR", weekdays=["6", "7"], explanation="Call them."),
        )
        assert response.status_code == 302, text_of(response)
        rule = PolicyRule.objects.get()
        assert (rule.total_above, rule.countries, rule.weekdays) == (500_000, ["DE", "FR"], [6, 7])
        assert PolicyChange.objects.get().actor == "admin"
        page = text_of(admins.get(RULES))
        assert "Total above 5,000.00 EUR; Ships to Germany or France" in page
        assert "two approvers" in page
        assert 'value="5000.00"' in text_of(admins.get(f"{RULES}{rule.pk}/change/"))

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"typed": "5000"}, "Choose the currency of the amount"),
            ({"typed": "5.000,00", "currency": "EUR"}, "Leave out the thousands separators: enter 5000.00."),
            ({"countries": "DE, QQ"}, "is not a country"),
            ({"from_hour": "9"}, "Give both hours"),
            ({"approvals_needed": "0", "deadline_seconds": "600"}, "only where somebody has to approve"),
        ],
    )
    def test_what_is_wrong_is_said_beside_it(self, admins: Client, wrong: dict[str, str], sentence: str) -> None:
        response = admins.post(f"{RULES}add/", typed(**wrong))
        assert response.status_code == 200
        assert sentence in text_of(response)
        assert not PolicyRule.objects.exists()

    def test_a_rule_for_every_order_and_nobody_is_warned_of(self, admins: Client) -> None:
        response = admins.post(f"{RULES}add/", typed(approvals_needed="0"), follow=True)
        assert "This rule approves every order without a person." in text_of(response)

    def test_a_rule_is_removed_with_its_change(self, admins: Client) -> None:
        first, second = make_rule("a"), make_rule("b")
        admins.post(f"{RULES}{first.pk}/delete/", {"post": "yes"})
        admins.post(RULES, {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"})
        assert not PolicyRule.objects.exists()
        assert [each.action for each in PolicyChange.objects.all()[:2]] == ["REMOVED"] * 2
        assert "approvals_needed: 1 → -" in text_of(admins.get("/admin/orders/policychange/"))

    def test_a_limit_is_edited(self, admins: Client, bob: User) -> None:
        admins.post(f"{LIMITS}add/", {"account": bob.pk, "typed": "1000", "currency": "EUR"})
        limit = ApprovalLimit.objects.get()
        admins.post(f"{LIMITS}{limit.pk}/change/", {"account": bob.pk, "typed": "500.50", "currency": "EUR"})
        limit.refresh_from_db()
        assert limit.amount == 50_050
        assert [each.action for each in PolicyChange.objects.all()] == ["CHANGED", "ADDED"]
        assert "500.50 EUR" in text_of(admins.get(LIMITS))

    def test_an_approver_may_not_edit_it(self, client: Client, bob: User) -> None:
        bob.is_staff = True
        bob.save()
        client.force_login(bob)
        assert client.get(RULES).status_code == 403


class TestCommand:
    def test_add_list_try_remove(self, make_order: MakeOrder, capsys: pytest.CaptureFixture[str]) -> None:
        make_order()
        arguments = ("--name", "Large", "--total-above", "20.00", "--currency", "EUR", "--approvals", "2")
        added = json.loads(run("add", *arguments, "--json", capsys=capsys))
        assert (added["name"], added["total_above"], added["approvals_needed"]) == ("Large", 2000, 2)
        assert "Large: Total above 20.00 EUR: two approvers" in run("list", capsys=capsys)
        assert [each["id"] for each in json.loads(run("list", "--json", capsys=capsys))] == [added["id"]]
        tried = json.loads(run("try", "--last", "1000", "--json", capsys=capsys))
        assert tried == {
            "orders": 1,
            "rules": [{"id": added["id"], "name": "Large", "caught": 1, "decided": 1}],
            "approvals": {"0": 0, "1": 0, "2": 1},
        }
        assert "Of the last 1 orders: 1 by two approvers." in run("try", capsys=capsys)
        assert "Removed rule Large" in run("remove", "Large", capsys=capsys)
        assert "No rules. Every order needs one approval." in run("list", capsys=capsys)
        assert [each.action for each in PolicyChange.objects.all()] == ["REMOVED", "ADDED"]

    def test_every_condition_can_be_given(self, capsys: pytest.CaptureFixture[str]) -> None:
        Group.objects.create(name="senior")
        arguments = [
            *("--name", "All", "--approvals", "1", "--country", "DE", "--sku", "A", "--weekday", "7"),
            *("--from-hour", "22", "--to-hour", "6", "--orders-in-a-day", "3", "--new-customer", "--new-address"),
            *("--same-basket", "--declined-before", "--level", "senior", "--deadline", "600", "--precedence", "5"),
            *("--explanation", "Look closely", "--disabled", "--by", "nina", "--escalate-to", "senior"),
        ]
        run("add", *arguments, capsys=capsys)
        rule = PolicyRule.objects.get()
        assert (rule.is_new_customer, rule.has_new_address, rule.is_same_basket, rule.was_declined) == (True,) * 4
        assert (rule.precedence, rule.deadline_seconds, rule.is_enabled) == (5, 600, False)
        assert rule.escalate_to == rule.level == Group.objects.get(name="senior")
        assert PolicyChange.objects.get().actor == "nina"

    def test_the_shell_may_pass_anything(self, capsys: pytest.CaptureFixture[str]) -> None:
        evil = "\x1b[31m\udcff\u202e"
        names = ("--name", f"N{evil}", "--explanation", f"E{evil}", "--by", f"B{evil}")
        assert "\x1b" not in run("add", *names, "--approvals", "2", capsys=capsys)
        assert PolicyChange.objects.get().actor.isprintable()
        assert PolicyRule.objects.get().name.isprintable()
        assert PolicyRule.objects.get().explanation.isprintable()
        for refused in (("remove", evil), ("add", "--name", "x", "--approvals", "1", "--level", f"{evil}x")):
            with pytest.raises(CommandError, match="There is no"):
                call_command("policy", *refused)

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("add", "--name", "x", "--approvals", "2", "--total-above", "5"), "--total-above goes with --currency"),
            (("add", "--name", "x", "--approvals", "2", "--total-above", "5,5,5", "--currency", "EUR"), "."),
            (("add", "--name", "x", "--approvals", "1", "--level", "nobody"), "There is no group 'nobody'"),
            (("add", "--name", "x", "--approvals", "1", "--country", "ZZZ"), "is not a country"),
            (("remove", "x"), "There is no rule 'x'"),
            (("remove", "99999999999999999999"), "There is no rule"),
            (("try", "--last", "0"), "--last is above zero"),
        ],
    )
    def test_what_is_refused_is_a_sentence(self, arguments: tuple[str, ...], sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence):
            call_command("policy", *arguments)
