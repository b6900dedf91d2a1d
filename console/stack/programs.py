"""Our own programs: what each is called with."""

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from console.environment import names_read
from console.installation import FOREIGN_PREFIXES, PROJECT
from console.stack.children import Program
from console.stack.folder import StackFolder

TEMPORAL_PREFIX: Final = FOREIGN_PREFIXES["temporal"]

# Settings that are each program's own, or the person's at the terminal.
PER_PROGRAM: Final = frozenset({"DATABASE_POOL", "DATABASE_STATEMENT_TIMEOUT", "LOG_LEVEL"})


class Programs:
    """The Django programs of one stack, all with the same environment."""

    def __init__(self, folder: StackFolder, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    @property
    def settings(self) -> dict[str, str | None]:
        """What `manage.py` in another terminal needs in order to be of the same installation; None where not set."""
        names = {*names_read(), *(name for name in self._environment if name.startswith(TEMPORAL_PREFIX))}
        return {name: self._environment.get(name) for name in sorted(names - PER_PROGRAM)}

    def collect_static(self) -> Program:
        """The program that lays static files ready under names with their content's hash."""
        return self._one_shot(
            "static", "the collection of static files", ["manage.py", "collectstatic", "--noinput", "-v0"]
        )

    def prepare(self, owner: Mapping[str, str]) -> Program:
        """The program that migrates the database and makes the demo accounts; `owner` has the settings of its role."""
        command = ["-m", "console.stack.job", "prepare", str(self._folder.prepared)]
        return self._one_shot("prepare", "the preparation of the database", command, owner)

    def samples(self) -> Program:
        return self._one_shot("samples", "the submission of sample orders", ["-m", "console.stack.job", "samples"])

    def workers(self) -> Program:
        """The program that works both task queues. Stopped, it finishes what it has begun."""
        return self._program(
            "workers", "the workers", ["manage.py", "runworkers", "--processes", "1"], patience=35, stop_turn=2
        )

    def web(self) -> Program:
        command = ["-m", "gunicorn", "--config", "console/gunicorn_conf.py", "console.wsgi"]
        return self._program("web", "the web server", command, patience=20, stop_turn=1)

    def _one_shot(
        self, name: str, title: str, arguments: Sequence[str], settings: Mapping[str, str] = MappingProxyType({})
    ) -> Program:
        return Program(
            name=name,
            title=title,
            command=[sys.executable, *arguments],
            environment={**self._environment, **settings},
            folder=PROJECT,
            log=self._folder.logs / f"{name}.log",
            is_shown=False,
            is_one_shot=True,
        )

    def _program(self, name: str, title: str, arguments: Sequence[str], *, patience: float, stop_turn: int) -> Program:
        return Program(
            name=name,
            title=title,
            command=[sys.executable, *arguments],
            environment=self._environment,
            folder=PROJECT,
            log=self._folder.logs / f"{name}.log",
            patience=patience,
            stop_turn=stop_turn,
        )
