"""The form of a comment, new or edited."""

from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from console.fields import TextField
from orders.decisions.comment import LONGEST_KEY


class CommentForm(forms.Form):
    """What somebody writes about an order. How long it may be, the verb says: nothing that was typed is cut."""

    key = forms.CharField(max_length=LONGEST_KEY, widget=forms.HiddenInput)
    text = TextField(
        label=gettext_lazy("Comment"),
        required=False,
        help_text=gettext_lazy("Write @name to mention a colleague."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "dir": "auto"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, text: str = "", number: int | None = None) -> None:
        """Make the form: empty, with a `text`, or bound; `number` is that of the comment that is edited."""
        super().__init__(data, auto_id="comment-%s", initial={"key": token_urlsafe(12), "text": text})
        self.number = number

    def again(self, sentence: str) -> "CommentForm":
        """Return the form with what was typed and what is wrong with it, under a key of its own."""
        form = CommentForm(
            {**self.data, "key": token_urlsafe(12), "text": self.data.get("text", "")}, number=self.number
        )
        form.full_clean()
        form.add_error("text", sentence)
        return form
