"""The requirements: named in pyproject.toml, locked in uv.lock, exported for pip; all three must agree.

Nothing here asks a package index, so the tests run offline.
"""

import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.programs import ROOT

LOCKS: Final = ("requirements-runtime", "requirements")
# The oldest Python that the project runs on, and the one of its image.
PYTHONS: Final = ("3.11", "3.12")
ADVICE: Final = "Name the package with its version in pyproject.toml, and run `make lock`."
PYPROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
UV_LOCK: Final[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text())
PROJECT: Final[str] = PYPROJECT["project"]["name"]


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
    """Return what pyproject.toml names for this file: the development group comes on top of production's packages."""
    texts = [*PYPROJECT["project"]["dependencies"]]
    if name == "requirements":
        texts += PYPROJECT["dependency-groups"]["dev"]
    return [Requirement(text) for text in texts]


def read_uv_lock() -> dict[str, dict[str, Any]]:
    return {package["name"]: package for package in UV_LOCK["package"]}


def as_facts(requirement: Requirement) -> tuple[str, tuple[str, ...], str]:
    return canonicalize_name(requirement.name), tuple(sorted(requirement.extras)), str(requirement.specifier)


def read_facts(entries: list[dict[str, Any]]) -> set[tuple[str, tuple[str, ...], str]]:
    return {(each["name"], tuple(sorted(each.get("extras", ()))), each["specifier"]) for each in entries}


def test_uv_lock_was_made_from_what_pyproject_names() -> None:
    metadata = read_uv_lock()[PROJECT]["metadata"]
    runtime = {as_facts(each) for each in read_names("requirements-runtime")}
    everything = {as_facts(each) for each in read_names("requirements")}
    assert read_facts(metadata["requires-dist"]) == runtime, f"uv.lock is out of date. {ADVICE}"
    assert read_facts(metadata["requires-dev"]["dev"]) == everything - runtime, f"uv.lock is out of date. {ADVICE}"
    assert UV_LOCK["requires-python"] == PYPROJECT["project"]["requires-python"], ADVICE


def test_requirements_hold_what_uv_lock_holds() -> None:
    locked = {
        name: (package["version"], frozenset(file["hash"] for file in read_files(package)))
        for name, package in read_uv_lock().items()
        if name != PROJECT
    }
    exported = {name: (entry.version, entry.hashes) for name, entry in read_lock("requirements").items()}
    assert exported == locked, "requirements.txt is not what uv.lock says. Run `make lock`."


def read_files(package: dict[str, Any]) -> list[dict[str, Any]]:
    return [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]


def test_uv_lock_names_the_public_index_alone() -> None:
    addresses = [file["url"] for package in UV_LOCK["package"] for file in read_files(package)]
    addresses += [package["source"]["registry"] for name, package in read_uv_lock().items() if name != PROJECT]
    hosts = {urlsplit(address).hostname for address in addresses}
    assert hosts == {"pypi.org", "files.pythonhosted.org"}, (
        "Lock without a mirror: unset UV_DEFAULT_INDEX and its like."
    )


def test_every_package_of_the_code_is_installed_by_pip() -> None:
    find = PYPROJECT["tool"]["setuptools"]["packages"]["find"]
    assert find["include"] == ["console*", "orders*", "workers*"]
    folders = {path.parent for top in ("console", "orders", "workers") for path in (ROOT / top).rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


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
    """A developer's package may need on every system what production needs on one."""
    runtime, everything = (
        {name: (locked.version, locked.hashes) for name, locked in read_lock(lock).items()} for lock in LOCKS
    )
    assert runtime.items() <= everything.items()
    assert runtime.keys() < everything.keys()


@pytest.mark.parametrize("name", ["Dockerfile", ".ci/install"])
def test_nothing_is_installed_without_its_hash(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert len(installs) == 1
    assert re.search(r"--require-hashes -r requirements(-runtime)?\.txt", installs[0])
