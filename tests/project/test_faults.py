"""tests.faults: a short run of the fault suite, and its controls fit the code."""

import subprocess
import sys

import pytest

from tests.faults.controls import CONTROLS, Control
from tests.mutants.trial import ROOT, apply

SEED = "20261126"


def test_nothing_is_lost_doubled_or_stuck() -> None:
    command = [sys.executable, "-m", "tests.faults", "--short", "--seed", SEED, "--orders", "4", "--races", "12"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing was lost, doubled or stuck" in done.stdout


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_each_control_fits_the_code(control: Control) -> None:
    sources = {edit.path: (ROOT / edit.path).read_text() for edit in control.edits}

    for edit in control.edits:
        sources[edit.path] = apply(edit, sources[edit.path])
