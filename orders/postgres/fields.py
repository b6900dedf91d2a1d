"""Fields of the project's own."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

if TYPE_CHECKING:
    TextField = models.CharField[str | int | Combinable, str]
else:
    TextField = models.CharField


class CodeField(TextField):
    """A code of an enumeration, shown by the label among its `choices`."""

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Be an ordinary field to migrations. Labels are no part of the table, so changing one needs no migration."""
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("choices", None)
        return name, "django.db.models.CharField", args, kwargs


class ChangedAtField(models.DateTimeField):  # type: ignore[type-arg]
    """When the row was last saved, by PostgreSQL's clock; what `auto_now` is by the machine's own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"db_default": Now(), "editable": False, **kwargs})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Be an ordinary field to migrations, which never import live code."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Now:
        """Return the time of this save; the instance keeps the time that it was read with."""
        return Now()
