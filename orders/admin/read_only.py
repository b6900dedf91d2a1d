"""Lists and pages of the admin that show rows and change none, quickly however many there are."""

from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from orders.admin.filters import OfferedFilters


def to_the_second(at: datetime) -> str:
    """Return a time as it is shown here, because several things happen within a minute."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts a thousand rows at most: a full count would take longer with every order, and so would pages far down."""

    MOST = 1000
    object_list: QuerySet[Model]

    @cached_property
    def count(self) -> int:
        return int(self.object_list.order_by().values_list("pk")[: self.MOST].count())


class IndexedChangeList(ChangeList):
    """Sorts by nothing but what the list offers, also when an address asks for more."""

    model_admin: admin.ModelAdmin  # type: ignore[type-arg]

    def get_ordering_field(self, field_name: Any) -> Any:
        """Return what a column is sorted by, or None where the list does not offer that."""
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class ReadOnly:
    """Takes away what would change a row."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, OfferedFilters, admin.ModelAdmin):  # type: ignore[type-arg]
    """A list and a page to look at, quick however many rows there are."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count every row for every filter
    list_per_page = 50
    # Only columns whose order an index has; PostgreSQL would sort the whole table by any other.
    sortable_by: ClassVar[tuple[str, ...]] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return IndexedChangeList


class ReadOnlyInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of another table on the page of a row that they belong to."""

    template = "admin/edit_inline/read_only.html"
    extra = 0
    can_delete = False
    show_change_link = False
