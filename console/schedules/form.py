"""The form of a scheduled export: its name, the kind of file, and when it is sent."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from console.notices.choices import list_zones
from orders.errors import OrderInvalid
from orders.labels.schedules import EVERY_DAY, weekday_choices
from orders.models import ExportSchedule
from orders.models.list_export import FileFormat
from orders.models.saved_view import LONGEST_NAME
from orders.schedules.keeping import Plan
from orders.zones import UTC_NAME

USUAL_HOUR: Final = 8


class ScheduleForm(forms.Form):
    """What somebody chooses of a scheduled export."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_NAME,
        error_messages={"required": gettext_lazy("Enter a name.")},
        help_text=gettext_lazy("The subject of the e-mail begins with it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    file_format = forms.ChoiceField(
        label=gettext_lazy("File"), choices=FileFormat.choices, widget=forms.RadioSelect, initial=FileFormat.CSV.value
    )
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("On these days"),
        choices=weekday_choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one day.")},
    )
    hour = forms.TypedChoiceField(
        label=gettext_lazy("At"), coerce=int, choices=[(hour, f"{hour:02d}:00") for hour in range(24)]
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=list_zones)

    @classmethod
    def of_new(cls, data: Any = None, *, name: str, time_zone: str) -> "ScheduleForm":
        """Return the form of an export that is to be scheduled; where nothing is chosen yet, of every morning."""
        usual = {"name": name[:LONGEST_NAME], "weekdays": list(EVERY_DAY), "hour": USUAL_HOUR}
        return cls(data, initial={**usual, "time_zone": time_zone or UTC_NAME})

    @classmethod
    def of(cls, schedule: ExportSchedule, data: Any = None) -> "ScheduleForm":
        """Return the form of an export that is scheduled."""
        chosen = {name: getattr(schedule, name) for name in ("name", "file_format", "hour", "time_zone")}
        return cls(data, initial={**chosen, "weekdays": list(schedule.weekdays)})

    def read(self) -> Plan:
        """Return what was chosen."""
        data = self.cleaned_data
        return Plan(
            name=data["name"],
            file_format=FileFormat(data["file_format"]),
            weekdays="".join(sorted(data["weekdays"])),
            hour=data["hour"],
            time_zone=data["time_zone"],
        )

    def complain(self, error: OrderInvalid) -> None:
        """Say beside the fields, or above all of them, what is wrong."""
        for name, sentence in error.fields.items():
            self.add_error(name, sentence)
        if not error.fields:
            self.add_error(None, str(error))
