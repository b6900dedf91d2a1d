"""E-mails to look at; what customers are told to edit, with previews, and to be switched on or off."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from orders.admin.read_only import ReadOnlyAdmin
from orders.errors import OrderInvalid
from orders.models import CustomerMessage, CustomerText, Mail
from orders.notifications.customers import NAMES, check_text, preview


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """E-mails, and what became of them."""

    list_display = ("id", "recipient", "subject", "state", "due_at", "claimed_at", "attempts", "order")
    list_select_related = ("order",)
    fields = (
        *("account", "order", "customer_message", "state", "recipient", "subject", "detail"),
        *("due_at", "claimed_at", "attempts", "created_at"),
    )


class CustomerTextForm(forms.ModelForm):  # type: ignore[type-arg]
    """A text, which names nothing that is not known."""

    class Meta:
        model = CustomerText
        fields = ("subject", "body")

    def clean_subject(self) -> str:
        return self._check("subject")

    def clean_body(self) -> str:
        return self._check("body")

    def _check(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        try:
            check_text(text)
        except OrderInvalid as error:
            raise forms.ValidationError(str(error)) from error
        return text


class CustomerTextInline(admin.StackedInline):  # type: ignore[type-arg]
    """The texts of a message, one for each language, each with how it reads."""

    model = CustomerText
    form = CustomerTextForm
    extra = 0
    can_delete = False
    fields = ("subject", "body", "reads_like")
    readonly_fields = ("reads_like",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """There is one text for each language, and there are no others."""
        return False

    @admin.display(description=gettext_lazy("Preview"))
    def reads_like(self, text: CustomerText) -> SafeString:
        """Show the text that is saved, as it would read for a made-up order."""
        letter = preview(text.subject, text.body, text.language)
        return format_html('<strong>{}</strong><pre class="letter">{}</pre>', letter.subject, letter.text)


@admin.register(CustomerMessage)
class CustomerMessageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What customers are told. Only superusers change it, because it goes to every customer."""

    inlines = (CustomerTextInline,)
    list_display = ("__str__", "is_enabled")
    fields = ("is_enabled",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """There are as many messages as the console knows moments for."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A message is switched off, and not removed."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Say what a text may name."""
        names = ", ".join(f"${name}" for name in NAMES)
        explanation = gettext("These are replaced: %(names)s. Write $$ for a dollar sign.") % {"names": names}
        return [(None, {"fields": self.fields, "description": explanation})]
