"""Shops and API keys in the admin. A new key is shown once, by the answer to the form, and stored nowhere."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from orders.admin.filters import OfferedFilters
from orders.admin.read_only import ReadOnlyAdmin
from orders.errors import OrderError
from orders.models import ApiKey, Shop
from orders.shops import keys


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person chooses for a key."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"), choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    account = forms.ModelChoiceField(
        User.objects.filter(is_active=True),
        label=gettext_lazy("Account"),
        required=False,
        help_text=gettext_lazy(
            "The account that the key acts as. Without one the key gets an account of its own, api-NAME."
        ),
    )

    class Meta:
        model = ApiKey
        fields = ("shop", "name", "account", "scopes", "limit_per_minute", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the two boxes of the time, which have one label."""
        super().__init__(*args, **kwargs)
        if "expires_at" in self.fields:
            names = (gettext("Expires at: date"), gettext("Expires at: time"))
            for widget, name in zip(self.fields["expires_at"].widget.widgets, names, strict=True):
                widget.attrs["aria-label"] = name

    def clean(self) -> dict[str, Any]:
        """Make the key here, where what is refused can still be said beside the form."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.made = keys.create_key(**cleaned, created_by=self.created_by)
            except OrderError as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned

    created_by = ""
    made: tuple[ApiKey, str]


@admin.register(Shop)
class ShopAdmin(OfferedFilters, admin.ModelAdmin):  # type: ignore[type-arg]
    """Shops, by their names."""

    list_display = ("name", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys. Only superusers make, rotate and revoke them, because a key may act as any account."""

    form = ApiKeyForm
    actions = ("rotate", "revoke")
    list_display = ("name", "begins_with", "shop", "account", "scopes", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("shop", "account")
    search_fields = ("name", "prefix", "shop__name")
    readonly_fields = ("begins_with", "created_at", "created_by", "last_used_at", "revoked_at")

    @admin.display(description=pgettext_lazy("column", "key"))
    def begins_with(self, key: ApiKey) -> str:
        return f"{key.prefix}…"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show what is to be chosen, and of a key that exists what became of it."""
        chosen = ApiKeyForm.Meta.fields
        return chosen if obj is None else (*self.readonly_fields, *chosen)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Have the form know who makes the key."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.created_by = request.user.get_username()  # type: ignore[attr-defined]
        return form

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> ApiKey:
        """Return the key that the form made."""
        key: ApiKey = form.made[0]
        return key

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Do nothing: the key is made."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: a key has no rows of others."""

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show the form, or the new key."""
        return self.changeform_view(request, None, form_url, extra_context)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Name the new key's text to the answer, and keep it out of the admin's own log."""
        request.new_keys = [form.made]  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Show the new key, instead of redirecting to a page that could not know it."""
        return self._show_keys(request, request.new_keys)  # type: ignore[attr-defined]

    @admin.action(
        description=gettext_lazy("Rotate: make a successor; the chosen key stays valid for 24 hours"),
        permissions=["add"],
    )
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        """Make a successor of each chosen key, and show it."""
        made = []
        for key in queryset.select_related("shop", "account"):
            try:
                made.append(keys.rotate_key(key, created_by=request.user.get_username()))
            except OrderError as error:
                messages.error(request, str(error))
        return self._show_keys(request, made) if made else None

    @admin.action(description=gettext_lazy("Revoke: refuse the chosen keys from now on"), permissions=["add"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Revoke each chosen key."""
        for key in queryset:
            keys.revoke_key(key)
        messages.success(request, gettext("Revoked: %(keys)s.") % {"keys": ", ".join(map(str, queryset))})

    def _show_keys(self, request: HttpRequest, made: list[tuple[ApiKey, str]]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("New API key"),
            "made": made,
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/orders/apikey/created.html", context)
        add_never_cache_headers(response)
        return response
