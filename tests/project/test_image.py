"""The image runs without the local stack, whose code and demo accounts stay out of it."""

import fnmatch
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import ROOT

PRODUCTION = {
    "PATH": "/bin:/usr/bin",
    "SECRET_KEY": "a-long-random-text-that-nobody-else-knows-0123456789-abcdefghij",
    "ALLOWED_HOSTS": "console.example.com",
    "DATABASE_URL": "postgresql://console@127.0.0.1:1/console",
}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that .dockerignore lets into the build."""
    folder = tmp_path_factory.mktemp("image")
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith(("#", "*"))]
    left_out = [line for line in lines if not line.startswith("!")]

    def ignore(place: str, names: list[str]) -> set[str]:
        inside = Path(place).relative_to(ROOT)
        return {
            name
            for name in names
            if name == "__pycache__" or any(fnmatch.fnmatch(str(inside / name), each) for each in left_out)
        }

    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def run(image: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=image, env=PRODUCTION, capture_output=True, text=True, timeout=120)


def test_the_stack_is_not_in_it(image: Path) -> None:
    assert (image / "console" / "management" / "commands" / "migrate.py").exists()
    assert not (image / "console" / "stack").exists()
    assert not (image / "console" / "management" / "commands" / "runstack.py").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("manage.py", "check"),
        ("manage.py", "help"),
        ("manage.py", "runworkers", "--help"),
        ("manage.py", "order", "--help"),
        ("-m", "gunicorn", "--check-config", "--config", "python:console.gunicorn_conf", "console.wsgi"),
    ],
    ids=["check", "help", "runworkers", "order", "gunicorn"],
)
def test_its_programs_do_not_want_the_stack(image: Path, arguments: tuple[str, ...]) -> None:
    (image / "staticfiles").mkdir(exist_ok=True)
    told = run(image, *arguments)
    assert (told.returncode, told.stderr) == (0, "")


def test_the_stack_cannot_be_started_in_it(image: Path) -> None:
    told = run(image, "manage.py", "runstack")
    assert (told.returncode, told.stdout) == (1, "")
    assert (
        told.stderr
        == "The local stack is not part of this installation. Run it from a clone of the project with make run.\n"
    )
