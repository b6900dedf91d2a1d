"""The names of tables and columns, which Django takes from the code: each is among the words that are translated."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.utils.functional import Promise

from orders.labels.columns import COLUMNS
from orders.labels.tables import TABLES
from orders.models import Order

OURS = [model for name in ("console", "orders") for model in apps.get_app_config(name).get_models()]


def list_shown() -> set[type[Model]]:
    """Return the tables of ours whose columns the admin shows."""
    registered = {model: admin.site.get_model_admin(model) for model in OURS if admin.site.is_registered(model)}
    return set(registered) | {inline.model for each in registered.values() for inline in each.inlines}


def test_every_table_is_among_the_words() -> None:
    names = {str(name) for model in OURS for name in (model._meta.verbose_name, model._meta.verbose_name_plural)}

    assert {str(word) for word in TABLES} == names


def test_every_column_of_the_admin_is_among_the_words() -> None:
    columns: list[Any] = [column for model in list_shown() for column in model._meta.local_fields]
    names = {str(column.verbose_name) for column in columns if column._verbose_name is None}

    assert {str(word) for word in COLUMNS} == names


def test_names_are_translated_when_they_are_shown() -> None:
    column = Order._meta.get_field("customer_name")

    assert isinstance(Order._meta.verbose_name, Promise)
    assert isinstance(column.verbose_name, Promise)
    assert column.deconstruct()[3] == {"max_length": 200}
