"""The requirements: each in one version, with hashes, and nothing missing that another one needs."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.programs import ROOT

LOCKS: Final = ("requirements-runtime", "requirements")
# The oldest Python that the project runs on, and the one of its image.
PYTHONS: Final = ("3.11", "3.12")
ADVICE: Final = "Name the package with its version in requirements-runtime.in or requirements.in, and run `make lock`."


@dataclass(frozen=True)
class Locked:
    """An entry of a lock."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")


def read_lock(name: str) -> dict[str, Locked]:
    text = (ROOT / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    entries = [(line.split(" --hash=")[0], re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", line)) for line in lines]
    return {canonicalize_name(Requirement(text).name): Locked(Requirement(text), frozenset(h)) for text, h in entries}


def read_names(name: str) -> list[Requirement]:
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r "))]


@pytest.mark.parametrize("name", LOCKS)
def test_everything_that_is_named_is_pinned_and_locked(name: str) -> None:
    lock = read_lock(name)
    for requirement in read_names(name):
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
        locked = lock.get(canonicalize_name(requirement.name))
        assert locked is not None, f"{requirement.name} is not in {name}.txt. {ADVICE}"
        assert str(locked.requirement.specifier) == str(requirement.specifier), ADVICE


@pytest.mark.parametrize("name", LOCKS)
def test_everything_that_is_locked_has_one_version_and_hashes(name: str) -> None:
    for package, locked in read_lock(name).items():
        assert re.fullmatch(r"==[\w.]+", str(locked.requirement.specifier)), package
        assert locked.hashes, f"{package} has no hash in {name}.txt. {ADVICE}"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", LOCKS)
def test_nothing_is_missing_that_another_package_needs(name: str, python: str) -> None:
    lock = read_lock(name)
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    extras = {canonicalize_name(each.name): each.extras for each in read_names("requirements-runtime")}
    for package, locked in lock.items():
        try:
            needed = requires(package) or []
        except PackageNotFoundError:
            assert locked.requirement.marker is not None, (
                f"{package} of {name}.txt is not installed. Run `make install`."
            )
            continue
        for each in map(Requirement, needed):
            contexts = [
                {**environment, "extra": extra} for extra in ("", *extras.get(canonicalize_name(package), set()))
            ]
            if each.marker is None or any(each.marker.evaluate(context) for context in contexts):
                found = lock.get(canonicalize_name(each.name))
                assert found is not None, f"{package} needs {each.name}, which is not in {name}.txt. {ADVICE}"
                assert found.version in each.specifier, f"{package} needs {each}. {ADVICE}"


def test_production_runs_what_was_tested() -> None:
    runtime, everything = (read_lock(name) for name in LOCKS)
    assert runtime.items() <= everything.items()
    assert runtime.keys() < everything.keys()


@pytest.mark.parametrize("name", ["Dockerfile", ".ci/install"])
def test_nothing_is_installed_without_its_hash(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert len(installs) == 1
    assert re.search(r"--require-hashes -r requirements(-runtime)?\.txt", installs[0])
