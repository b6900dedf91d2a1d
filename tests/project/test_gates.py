"""The gates themselves: that each is there, that each can fail, and what no tool looks at."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.programs import ROOT

GATES = (
    "ruff format",
    "ruff check",
    "mypy strict",
    "import-linter",
    "codespell",
    "djade",
    "makemigrations --check",
    "check --deploy",
)
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def run(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=os.environ | changes, capture_output=True, text=True, timeout=120)


def test_make_test_runs_every_gate() -> None:
    script = (ROOT / ".ci" / "gates").read_text()
    assert tuple(re.findall(r"^gate '([^']+)'", script, re.MULTILINE)) == GATES
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^test: lint ", makefile, re.MULTILINE)
    assert "sh .ci/gates" in makefile


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_a_forbidden_import_is_found(tmp_path: Path) -> None:
    """The contracts have teeth: a workflow that reached for Django would be noticed."""
    for package in ("console", "orders", "workers"):
        (tmp_path / package).symlink_to(ROOT / package)
    (tmp_path / "workers").unlink()
    (tmp_path / "workers").mkdir()
    for path in (ROOT / "workers").glob("*.py"):
        (tmp_path / "workers" / path.name).write_text(path.read_text())
    with (tmp_path / "workers" / "workflows.py").open("a") as workflows:
        workflows.write("\nimport console.settings\nimport django.db\n")
    result = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode != 0
    assert "workers.workflows -> django" in result.stdout
    assert "workers.workflows -> console.settings" in result.stdout


def test_the_scripts_are_shell() -> None:
    for name in ("gates", "install", "lock"):
        assert run("sh", "-n", f".ci/{name}").returncode == 0
    assert run("bash", "-n", ".ci/run").returncode == 0
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_ci_installs_what_tests_would_skip_without() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert {"chromium", "nginx", "openssl"} <= set(re.search(r"for program in (.*); do", script)[1].split())  # type: ignore[index]


def test_an_old_python_is_refused_with_a_sentence(tmp_path: Path) -> None:
    result = run("sh", ".ci/install", str(tmp_path / "venv"), PYTHON="no-such-python")
    assert result.returncode == 1
    assert result.stderr.startswith("Python 3.11 or newer is needed, and no-such-python is not.")


def test_make_help_names_the_two_commands() -> None:
    text = run("make", "-s", "help").stdout
    assert re.search(r"^run +start the console", text, re.MULTILINE)
    assert re.search(r"^test +run the gates and every test", text, re.MULTILINE)
