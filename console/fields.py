"""Form fields for texts: each takes out what nobody can have meant to type, before it asks whether anything is left."""

from typing import Any

from django import forms

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


class CleanEmailField(forms.EmailField):
    """An e-mail address."""

    def to_python(self, value: Any) -> str:
        """Return the address clean: one that is copied from elsewhere often brings invisible characters along."""
        return clean_line(super().to_python(value) or "", limit=None)
