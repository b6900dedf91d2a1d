"""The admin's pages about people: only superusers touch rights, groups and other people's passwords.

Others who may change users edit names and e-mail addresses. What an account did stays readable: its name does not
change once it was used, and a used account is deactivated instead of deleted.
"""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_lazy

from console.accounts import names, sessions
from console.accounts.confirmation import asks_first
from orders.admin.filters import OfferedFilters

RIGHTS: Final = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")
# Nobody takes these from themselves, so that there is always a superuser left.
OWN_RIGHTS: Final = ("is_active", "is_staff", "is_superuser")
PERSON: Final = ("first_name", "last_name", "email")
DATES: Final = ("last_login", "date_joined")
KEEP_THE_TRAIL: Final = gettext_lazy(
    "This account has been used, so it cannot be renamed or deleted: the history of orders refers to it. "
    "Clear “Active” instead; its sessions end at once."
)


class NewNameMixin:
    """Looks at a user name that is given for the first time."""

    def clean_username(self) -> str:
        """Refuse a name that could be taken for another one."""
        name: str = self.cleaned_data["username"]  # type: ignore[attr-defined]
        names.check_new_name(name, account_id=self.instance.pk)  # type: ignore[attr-defined]
        return name


class AccountForm(NewNameMixin, UserChangeForm):  # type: ignore[type-arg]
    """An account; its name only while nobody has used it."""


class NewAccountForm(NewNameMixin, UserCreationForm):  # type: ignore[type-arg]
    """A new account with its first password, as superusers make it. Rights come on the next page."""

    class Meta(UserCreationForm.Meta):
        fields = ("username", *PERSON)


class NewAccountWithoutPasswordForm(NewNameMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A new account as others make it: nobody can sign in before a superuser has given it a password and rights."""

    class Meta:
        model = User
        fields = ("username", *PERSON)
        field_classes = UserCreationForm.Meta.field_classes

    def save(self, commit: bool = True) -> Any:
        self.instance.set_unusable_password()
        return super().save(commit=commit)


class Checkboxes:
    """Has groups and rights ticked, which needs no script. For a ModelAdmin, before its other bases."""

    filter_horizontal: Any = ()

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        """Return a checkbox for each choice."""
        kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


class AccountAdmin(Checkboxes, OfferedFilters, UserAdmin):  # type: ignore[type-arg]
    """Accounts, with rules about who may change what of whom."""

    form = AccountForm
    add_form = NewAccountForm
    actions = None
    list_display = (
        "username",
        "first_name",
        "last_name",
        "email",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show rights to those who may give them, and a password to those who may set it."""
        is_superuser = request.user.is_superuser
        if obj is None:
            passwords = ("password1", "password2") if is_superuser else ()
            return [(None, {"classes": ("wide",), "fields": ("username", *PERSON, *passwords)})]
        told = str(KEEP_THE_TRAIL) if names.is_used(obj) else ""
        if obj.pk == request.user.pk:
            told = gettext("You cannot remove your own rights. Another superuser can.")
        if not is_superuser:
            told = gettext("Only superusers can change these.")
        return [
            (None, {"fields": ("username", "password") if is_superuser else ("username",)}),
            (gettext("Person"), {"fields": PERSON}),
            (gettext("Rights"), {"fields": RIGHTS, "description": told}),
            (gettext("Dates"), {"fields": DATES}),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Let only superusers choose the first password of somebody else."""
        if obj is None and not request.user.is_superuser:
            kwargs.setdefault("form", NewAccountWithoutPasswordForm)
        form = super().get_form(request, obj, change=change, **kwargs)
        if "username" in form.base_fields:
            form.base_fields["username"].help_text = names.HELP
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep what this person may not change, and the name of an account that was used."""
        if obj is None:
            return ()
        fixed = list(DATES)
        if not request.user.is_superuser:
            fixed += ["username", *RIGHTS]
        elif obj.pk == request.user.pk:
            fixed += OWN_RIGHTS
        if "username" not in fixed and names.is_used(obj):
            fixed.append("username")
        return tuple(fixed)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody but superusers touch a superuser's account."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let only accounts go that nobody has used."""
        allowed = super().has_delete_permission(request, obj) and _may_touch(request, obj)
        return allowed and (obj is None or not names.is_used(obj))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Say why an account that was used stays."""
        account = self.get_object(request, object_id)
        if account is not None and names.is_used(account):
            raise PermissionDenied(str(KEEP_THE_TRAIL))
        return super().delete_view(request, object_id, extra_context)

    @asks_first
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Add an account; its first password is entered here, so the administrator's own is asked for first."""
        return super().add_view(request, form_url, extra_context)

    @asks_first
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        if not request.user.is_superuser:
            raise PermissionDenied(
                gettext("Only superusers can set other people's passwords. Everyone can change their own.")
            )
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and sign out at once who was deactivated."""
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            sessions.end_sessions_of(obj)


class RoleAdmin(Checkboxes, OfferedFilters, GroupAdmin):
    """Groups: only superusers change them, because whoever changes a group gives rights."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser


def _may_touch(request: HttpRequest, account: Any) -> bool:
    return request.user.is_superuser or account is None or not account.is_superuser


admin.site.unregister([User, Group])
admin.site.register(User, AccountAdmin)
admin.site.register(Group, RoleAdmin)
