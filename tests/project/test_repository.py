"""What stands round the code, for editors, hooks and hosts: it can be read, and runs the same gates and tests."""

from pathlib import Path
from typing import Any

import yaml

from tests.programs import ROOT


def read(path: str) -> Any:
    return yaml.safe_load(Path(ROOT, path).read_text())


def test_the_host_runs_what_ci_runs() -> None:
    steps = read(".github/workflows/ci.yml")["jobs"]["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step][-1].endswith("bash .ci/run")


def test_the_hook_runs_the_gates() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    (hook,) = repository["hooks"]
    assert (repository["repo"], hook["entry"], hook["pass_filenames"]) == ("local", "make lint", False)
    assert "lint:" in Path(ROOT, "Makefile").read_text()


def test_every_kind_of_dependency_is_looked_after() -> None:
    kinds = {update["package-ecosystem"] for update in read(".github/dependabot.yml")["updates"]}
    assert kinds == {"uv", "docker", "github-actions"}
