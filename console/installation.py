"""Which installation a command of `manage.py` is for: the one of the environment, or the local stack that runs here.

A stack that runs has its settings in a file of its folder. They are read here, without any code of the stack.
"""

import json
import os
from collections.abc import Collection, Mapping, MutableMapping
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
# Whoever sets one of these has an installation of their own in mind.
OWN_INSTALLATION: Final = ("DATABASE_URL", "SECRET_KEY", "DEBUG")
# Set by `.stack/manage`, whose caller means the stack and nothing else, whatever the shell says.
STACK_IS_MEANT: Final = "STACK_IS_MEANT"
# The file with the settings, in the stack's folder.
PUBLISHED: Final = "environment.json"
# Published with the settings: which servers are the stack's own, so that variables for others must not count.
EMBEDDED: Final = "STACK_EMBEDDED"
# Published too: where the stack's console is found, for commands that call it.
ADDRESS: Final = "STACK_ADDRESS"
# The folder with the programs of the embedded PostgreSQL.
PROGRAMS: Final = "STACK_POSTGRES_PROGRAMS"
# What a server of one's own is chosen by, and an embedded one must not be led away by.
FOREIGN_PREFIXES: Final = {"postgres": "PG", "temporal": "TEMPORAL_"}


def find_stack_folder(environment: Mapping[str, str]) -> Path:
    """Return the path of the stack's folder: `STACK_FOLDER`, or `.stack` in the project."""
    return Path(environment.get("STACK_FOLDER") or PROJECT / ".stack").absolute()


def read_published(folder: Path) -> dict[str, str | None]:
    """Return the settings of the stack that runs in `folder`, none when none runs. None stands for not set."""
    try:
        published: dict[str, str | None] = json.loads((folder / PUBLISHED).read_text())
    except (OSError, ValueError):
        return {}
    return published


def complete_environment(environment: MutableMapping[str, str]) -> None:
    """Fill in the settings of the stack that runs here, unless the environment names an installation of its own.

    `.stack/manage` finds the stack even then. The stack's settings count as a whole: half of another installation's
    would lead to its Temporal with our database.
    """
    is_meant = environment.pop(STACK_IS_MEANT, "") != ""
    if is_meant or not any(environment.get(name) for name in OWN_INSTALLATION):
        take_over(environment, read_published(find_stack_folder(environment)))


def take_over(environment: MutableMapping[str, str], published: Mapping[str, str | None]) -> None:
    """Put the settings of a running stack into `environment`, in place of all others; without one, change nothing."""
    forget_other_servers(environment, embedded=(published.get(EMBEDDED) or "").split())
    for name, value in published.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    if programs := published.get(PROGRAMS):  # psql, which `dbshell` looks for on the PATH
        environment["PATH"] = f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}"


def forget_other_servers(
    environment: MutableMapping[str, str], *, embedded: Collection[str], kept: Collection[str] = ()
) -> None:
    """Take out what leads to other servers than the `embedded` ones ("postgres", "temporal"), all but the names `kept`.

    PGSERVICE or TEMPORAL_API_KEY of a person's shell would count beside an address of ours.
    """
    for server in embedded:
        for name in [name for name in environment if name.startswith(FOREIGN_PREFIXES[server])]:
            if name not in kept:
                del environment[name]
