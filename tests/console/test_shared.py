"""console.shared: what one has read serves others for a moment, and nobody twice."""

from itertools import count

import pytest
from django.utils.translation import get_language, override

from console import shared
from console.shared import SharedAnswers

ALICE, BOB = 1, 2


@pytest.fixture
def answers() -> SharedAnswers[int]:
    """A process that has read nothing yet."""
    return SharedAnswers()


def test_others_are_served_by_what_one_has_read_and_nobody_twice(answers: SharedAnswers[int]) -> None:
    numbers = count()
    got = [answers.get("key", reader, lambda: next(numbers)) for reader in (ALICE, BOB, BOB, ALICE)]
    assert got == [0, 0, 1, 1]


def test_each_question_has_its_own_answer(answers: SharedAnswers[int]) -> None:
    assert answers.get("one", ALICE, lambda: 1) == 1
    assert answers.get("other", BOB, lambda: 2) == 2


def test_nobody_is_served_in_the_language_of_another(answers: SharedAnswers[str | None]) -> None:
    for language, reader in (("en-gb", ALICE), ("de", BOB)):
        with override(language):
            assert answers.get("key", reader, get_language) == language


def test_after_a_moment_it_is_read_again(answers: SharedAnswers[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "SHARED_SECONDS", 0.0)
    answers.get("key", ALICE, lambda: 1)
    assert answers.get("key", BOB, lambda: 2) == 2


def test_what_has_to_be_fresh_is_read_and_serves_others(answers: SharedAnswers[int]) -> None:
    answers.get("key", ALICE, lambda: 1)
    assert answers.get("key", BOB, lambda: 2, is_fresh=True) == 2
    assert answers.get("key", ALICE, lambda: 3) == 2


def test_a_failure_is_nobodys_answer(answers: SharedAnswers[int]) -> None:
    with pytest.raises(ZeroDivisionError):
        answers.get("key", ALICE, lambda: 1 // 0)
    assert answers.get("key", BOB, lambda: 2) == 2


def test_there_are_never_too_many(answers: SharedAnswers[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MOST_SHARED", 3)
    for key in range(10):
        answers.get(key, ALICE, lambda: 0)
    assert len(answers._kept) <= 3
