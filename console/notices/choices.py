"""/accounts/notices/: everybody chooses for themselves what they are told of, and how."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_account, render_page
from console.accounts.interruption import take_up
from console.accounts.personal_settings import read_settings
from orders.errors import OrderInvalid
from orders.labels.notices import NOTICE_KIND_LABELS, NOTICE_WAY_LABELS
from orders.notifications.choices import Choices, read_choices, save_choices
from orders.notifications.people import list_kinds
from orders.states import NoticeKind, NoticeWay

WITHOUT_MAIL: Final = (NoticeWay.OFF, NoticeWay.CONSOLE)
SAVED: Final = gettext_lazy("Your choices were saved. They count for notices from now on.")


class ChoicesForm(forms.Form):
    """A way for each kind that the person can get, their time zone and quiet hours."""

    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone of the quiet hours"))
    quiet_from = forms.TimeField(
        label=pgettext_lazy("hour", "From"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    quiet_until = forms.TimeField(
        label=pgettext_lazy("hour", "Until"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )

    def __init__(self, data: Any = None, *, kinds: Sequence[NoticeKind], choices: Choices) -> None:
        times = {"time_zone": choices.time_zone, "quiet_from": choices.quiet_from, "quiet_until": choices.quiet_until}
        super().__init__(data, initial={**times, **{kind.value: choices.way_of(kind).value for kind in kinds}})
        self.fields["time_zone"].choices = list_zones()  # type: ignore[attr-defined]
        for kind in kinds:
            self.fields[kind.value] = forms.ChoiceField(
                label=str(NOTICE_KIND_LABELS[kind]), choices=[(way.value, NOTICE_WAY_LABELS[way]) for way in NoticeWay]
            )
        self._kinds, self._choices = kinds, choices

    @property
    def ways(self) -> list[forms.BoundField]:
        """The fields of the kinds, in their order."""
        return [self[kind.value] for kind in self._kinds]

    def read(self) -> Choices:
        """Return what was chosen; for kinds that the person cannot get, what they chose before stays."""
        chosen = {kind: NoticeWay(self.cleaned_data[kind.value]) for kind in self._kinds}
        data = self.cleaned_data
        hours = (data["quiet_from"], data["quiet_until"])
        return Choices({**self._choices.ways, **chosen}, data["time_zone"], *hours)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_account
def choose_ways(request: ConsoleRequest) -> HttpResponse:
    """Show what the person chose, and keep what they choose."""
    kinds, choices = list_kinds(request.user), _read_choices(request.user)
    data = request.POST if request.method == "POST" else take_up(request)
    form = ChoicesForm(data, kinds=kinds, choices=choices)
    if request.method == "POST" and form.is_valid():
        try:
            save_choices(request.user.pk, form.read())
        except OrderInvalid as error:
            for name, sentence in error.fields.items():
                form.add_error(name, sentence)
        else:
            messages.success(request, SAVED)
            return redirect("notice-choices")
    context = {
        "form": form,
        "has_mail": settings.SENDS_MAIL,
        "address": request.user.email,
    }
    return render_page(request, "notices/choices.html", context, status=422 if request.method == "POST" else 200)


def _read_choices(user: User) -> Choices:
    """Return what the person chose; who has chosen nothing yet begins with the time zone of their settings."""
    zone = read_settings(user).time_zone
    return read_choices([user.pk]).get(user.pk) or (Choices(time_zone=zone) if zone else Choices())


def list_zones() -> list[tuple[str, Any]]:
    """Return the time zones to choose from, by continent; UTC comes first."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    grouped = groupby(names, key=lambda name: name.partition("/")[0])
    return [
        ("UTC", "UTC"),
        *((place, [(name, name.partition("/")[2].replace("_", " ")) for name in found]) for place, found in grouped),
    ]
