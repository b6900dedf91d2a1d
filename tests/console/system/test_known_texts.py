"""console.known_texts: the catalogues of a language are asked once for each text."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation
from django.utils.safestring import SafeData, mark_safe
from django.utils.translation import trans_real

from console.known_texts import keep_texts
from console.models import PersonalSettings


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Have nothing kept of German."""
    before = vars(trans_real.translation("de")).pop("gettext", None)
    keep_texts.cache_clear()
    yield
    vars(trans_real.translation("de")).pop("gettext", None)
    keep_texts.cache_clear()
    if before is not None:
        keep_texts("de")


def kept() -> Any:
    """Return what knows the texts of German."""
    return vars(trans_real.translation("de"))["gettext"].cache_info()


def test_a_text_is_looked_up_once() -> None:
    keep_texts("de")
    keep_texts("de")
    with translation.override("de"):
        found = [translation.gettext("Awaiting approval") for _ in range(3)]

    assert found == ["Freigabe ausstehend"] * 3
    assert (kept().misses, kept().hits) == (1, 2)


def test_languages_and_contexts_are_told_apart() -> None:
    for language in ("de", "en-gb"):
        keep_texts(language)
    told = []
    for language in ("de", "en-gb", "de"):
        with translation.override(language):
            told += [translation.gettext("Orders"), translation.pgettext("the order is …", "dispatched")]

    assert told[0] != told[2]
    assert told[:2] == told[4:]
    assert told[2:4] == ["Orders", "dispatched"]


def test_a_text_that_is_safe_makes_no_other_safe() -> None:
    keep_texts("de")
    with translation.override("de"):
        assert isinstance(translation.gettext(mark_safe("<b>")), SafeData)
        assert not isinstance(translation.gettext("<b>"), SafeData)


@pytest.mark.django_db
@pytest.mark.parametrize("is_chosen", [True, False], ids=["chosen", "of the browser"])
def test_pages_keep_theirs(client: Client, bob: User, is_chosen: bool) -> None:
    if is_chosen:
        PersonalSettings.objects.update_or_create(account=bob, defaults={"language": "de"})
    client.force_login(bob)
    for _ in range(2):
        client.get("/orders/", headers={} if is_chosen else {"Accept-Language": "de"})

    assert kept().hits > kept().misses > 50
