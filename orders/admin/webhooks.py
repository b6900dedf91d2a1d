"""Webhooks in the admin: endpoints, whose secret is shown once, and every call to them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from orders.admin.read_only import ReadOnlyAdmin, ReadOnlyInline
from orders.errors import OrderError
from orders.events import EventKind
from orders.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from orders.webhooks import endpoints


class WebhookEndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person chooses for an endpoint."""

    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds"),
        choices=[(kind.value, kind.value) for kind in EventKind],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: all."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("url", "body", "kinds", "shop")

    def clean(self) -> dict[str, Any]:
        """Add the endpoint here, where what is refused can still be said beside the form."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.made = endpoints.add_endpoint(**cleaned, created_by=self.created_by)
            except OrderError as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned

    created_by = ""
    made: WebhookEndpoint


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """Endpoints. Only superusers add, pause and test them, because they are told of every order."""

    form = WebhookEndpointForm
    actions = ("pause", "resume", "try_out")
    list_display = ("url", "body", "shop", "kinds", "pause_reason", "failing_since", "failures")
    list_select_related = ("shop",)
    readonly_fields = ("created_at", "created_by", "paused_at", "pause_reason", "failing_since", "failures", "retry_at")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show what is to be chosen, and of an endpoint that exists how it is."""
        chosen = WebhookEndpointForm.Meta.fields
        return chosen if obj is None else (*chosen, *self.readonly_fields)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Have the form know who adds the endpoint."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.created_by = request.user.get_username()  # type: ignore[attr-defined]
        return form

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show the form, or the new endpoint's secret."""
        return self.changeform_view(request, None, form_url, extra_context)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> WebhookEndpoint:
        """Return the endpoint that the form added."""
        made: WebhookEndpoint = form.made
        return made

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Do nothing: the endpoint is added."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: an endpoint has no rows of others."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Show the secret, instead of redirecting to a page that could not."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("New webhook"),
            "made": obj,
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/orders/webhookendpoint/created.html", context)
        add_never_cache_headers(response)
        return response

    @admin.action(description=gettext_lazy("Pause: call the chosen endpoints no more"), permissions=["add"])
    def pause(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Pause each chosen endpoint."""
        for endpoint in queryset:
            endpoints.pause_endpoint(endpoint)

    @admin.action(
        description=gettext_lazy("Resume: call the chosen endpoints, with all that happened"), permissions=["add"]
    )
    def resume(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Resume each chosen endpoint."""
        for endpoint in queryset:
            endpoints.resume_endpoint(endpoint)

    @admin.action(description=gettext_lazy("Test: call the chosen endpoints once"), permissions=["add"])
    def try_out(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Call each chosen endpoint, and tell what came of it."""
        for endpoint in queryset[:5]:
            answer = endpoints.try_endpoint(endpoint)
            level = messages.SUCCESS if answer.is_success else messages.ERROR
            status = answer.status or gettext("no answer")
            self.message_user(request, f"{endpoint}: {status} {answer.detail}", level)


class AttemptInline(ReadOnlyInline):
    """The calls of a delivery."""

    model = WebhookAttempt
    fields = ("at", "status_code", "detail", "milliseconds")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """Deliveries with their calls; the chosen ones can be told again."""

    actions = ("replay",)
    inlines = (AttemptInline,)
    list_display = ("id", "endpoint", "event_number", "order", "status", "attempts", "next_attempt_at", "delivered_at")
    list_select_related = ("endpoint", "order")
    readonly_fields = ("event_number",)
    fields = (
        "endpoint",
        "event_number",
        "order",
        "status",
        "attempts",
        "next_attempt_at",
        "created_at",
        "delivered_at",
    )

    @admin.display(description=pgettext_lazy("column", "event id"))
    def event_number(self, delivery: WebhookDelivery) -> int:
        return delivery.event_id

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Only superusers have events told again."""
        return bool(request.user.is_superuser)

    @admin.action(description=gettext_lazy("Replay: tell the chosen events again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Have each chosen event told again."""
        for delivery in queryset.select_related("endpoint"):
            endpoints.replay_event(delivery.endpoint, delivery.event_id)
