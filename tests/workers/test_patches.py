"""workers.workflows.patches: which patches a run has, by those that stand in its history."""

import pytest
from temporalio import workflow

from workers.workflows.patches import EXTENDABLE, JOINED, LISTED, LOCALLY_FIRST, REMINDED, has_patch

LATEST, EARLIER = JOINED


@pytest.mark.parametrize(
    ("in_history", "had"),
    [
        (LATEST, {LOCALLY_FIRST, EXTENDABLE, REMINDED, LISTED}),
        (EARLIER, {LOCALLY_FIRST, EXTENDABLE, REMINDED}),
        (LISTED, {LISTED}),
        ("", set()),
    ],
)
def test_a_run_has_what_its_patch_stands_for(monkeypatch: pytest.MonkeyPatch, in_history: str, had: set[str]) -> None:
    monkeypatch.setattr(workflow, "patched", in_history.__eq__)

    assert {patch for patch in (LOCALLY_FIRST, EXTENDABLE, REMINDED, LISTED, "of-tomorrow") if has_patch(patch)} == had


def test_the_latest_is_asked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(name: str) -> bool:
        asked.append(name)
        return True

    monkeypatch.setattr(workflow, "patched", answer)

    assert has_patch(LISTED)
    assert asked == [LATEST]
