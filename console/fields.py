"""Form fields for texts: each takes out what nobody can have meant to type, before it asks whether anything is left."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from orders.errors import OrderInvalid
from orders.texts import clean_line, clean_text


class LineField(forms.CharField):
    """A text of one line."""

    def to_python(self, value: Any) -> str:
        """Return the text clean; one that is too long stays so, and is refused."""
        return clean_line(super().to_python(value) or "", limit=None)


class TextField(forms.CharField):
    """A text that may have several lines."""

    def to_python(self, value: Any) -> str:
        """Return the text clean; one that is too long stays so, and is refused."""
        return clean_text(super().to_python(value) or "", limit=None)


class EntryField(forms.Field):
    """A text of one line that a reader of the domain judges, so that form and terminal say the same.

    The page sets no bound on its length: a browser cuts what is pasted without a word.
    """

    def __init__(self, *, read: Callable[[str], str], **kwargs: Any) -> None:
        widget = kwargs.setdefault("widget", forms.TextInput(attrs={"dir": "auto"}))
        super().__init__(**kwargs)
        self.is_optional = not self.required
        # What a customer says on the telephone is not the clerk's own address.
        self.widget.attrs |= {} if widget is forms.HiddenInput else {"autocomplete": "off"}
        self._read = read

    def to_python(self, value: Any) -> str:
        try:
            return self._read(str(value or ""))
        except OrderInvalid as error:
            raise ValidationError(str(error)) from error
