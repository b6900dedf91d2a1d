"""/accounts/settings/: how somebody likes to work. Every page knows it, as it is read together with the session."""

from typing import Final
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, render_page
from console.accounts.personal_settings import read_settings
from console.models import Density, PersonalSettings

UNDO_SECONDS: Final = 5


def _list_zones() -> list[tuple[str, str]]:
    """Return the time zones by region and city; those with other names are the same ones."""
    named = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return [("", _("As this browser")), ("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in named)]


def _list_languages() -> list[tuple[str, str]]:
    """Return the languages, each by its own name, so that everybody finds theirs."""
    return [("", _("As this browser")), *settings.LANGUAGES]


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg] # Django leaves it without one
    """The settings of a person; time to undo only for whoever decides."""

    can_undo = forms.BooleanField(
        label=gettext_lazy("Let me undo a decision"),
        required=False,
        help_text=format_lazy(
            gettext_lazy(
                "In review mode, a decision is sent {seconds} seconds after you made it, and u takes it back until "
                "then. When you close the tab before, it is sent at once."
            ),
            seconds=UNDO_SECONDS,
        ),
    )
    density = forms.ChoiceField(
        label=gettext_lazy("Rows of lists"), required=False, choices=Density.choices, widget=forms.RadioSelect
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        choices=_list_zones,
        help_text=gettext_lazy("Times on pages are shown in this zone."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        required=False,
        choices=_list_languages,
        help_text=gettext_lazy("Of pages, and of e-mails to you."),
    )

    class Meta:
        model = PersonalSettings
        fields = ("can_undo", "density", "time_zone", "language")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_settings(request: ConsoleRequest) -> HttpResponse:
    """Show the person's settings, or save them: 422 for a value that no form offers."""
    found = read_settings(request.user)
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=found)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your settings are saved."))
        return redirect("settings")
    return render_page(request, "accounts/settings.html", {"form": form}, status=422 if form.is_bound else 200)
