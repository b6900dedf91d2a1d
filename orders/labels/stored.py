"""The words of sentences that are stored in English, such as what a gateway, a carrier or Temporal could not do."""

from django.utils.translation import gettext


def describe_stored(sentence: str) -> str:
    """Return a stored sentence in the reader's language where it is one of ours as it stands, otherwise as it is."""
    return gettext(sentence)
