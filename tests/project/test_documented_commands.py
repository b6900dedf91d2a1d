"""Every command line of the documents runs as it stands from the clone, or is at least one that exists.

Those for the local stack run, against the tests' own servers, in a folder that looks like a clone with a stack at work.
Those that would start, stop or rewrite something, or need Docker, are judged by their words: program, target, service,
verb and options exist. WORDS_ALONE and NOT_COMMANDS list them, each with its reason.
"""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from console.environment import names_read
from console.installation import EMBEDDED, PROGRAMS
from console.stack.folder import StackFolder
from console.stack.postgres import find_programs
from orders.states import Status
from tests.forked import run_python
from tests.making import submit
from tests.programs import ROOT
from tests.stacks import clean_environment
from tests.waiting import wait_for_status

DOCUMENTS: Final = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/operations.md", "docs/faults.md",
                    "docs/benchmarks.md")  # fmt: skip
# What a person means by "an order of yours".
PLACEHOLDER: Final = "order-…"
MANAGE: Final = ("manage.py", ".stack/manage")
# Programs whose lines are commands when they stand in the running text; alone, without arguments, they are names.
PROGRAM: Final = re.compile(
    r"(?:DEBUG=\S+ )?(?:make|docker|temporal|gunicorn|python|psql|pytest|cp|(?:\.venv/bin/|\.stack/)?\S*manage(?:\.py)?"
    r"|\.venv/bin/\S+|\.stack/temporal) \S"
)
NOT_COMMANDS: Final = {
    ".venv/bin/python manage.py …": "stands for every command",
}
# By an expression for the beginning of the line; the words of these are judged, and they are not run.
WORDS_ALONE: Final = {
    "make ": "starts, installs, tests or deletes",
    "docker compose ": "there may be no Docker here",
    "cp .env.example .env": "would overwrite somebody's settings",
    r"\.stack/manage runworkers( --processes .*)?$": "serves until it is stopped",
    ".venv/bin/python manage.py runworkers": "serves until it is stopped",
    ".venv/bin/python manage.py test": "is the tests themselves",
    ".venv/bin/python manage.py make": "would write into the tree",
    ".venv/bin/python -m pytest": "is the tests themselves",
    ".venv/bin/python manage.py collectstatic": "would write into the tree",
    '.venv/bin/python manage.py shell -c "from tests.record_histories': "would write into the tree",
    ".venv/bin/gunicorn": "serves until it is stopped",
    "python -m console.probe": "asks a web server that is not there",
    "for ": "is a script around docker compose",
}


# Commands that look at the tests' servers and say by exit code 1 what they saw: workers that have not reported
# themselves yet, or runs that other tests left in Temporal.
VERDICTS: Final = {"runworkers --check": "not ready", "order audit": "disagree with the ledgers",
                    "reconcile": "Divergences: "}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A command line, and where it stands."""

    document: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.number}: {self.text}"

    @property
    def reason(self) -> str:
        """Why it is not run, or empty."""
        return next((reason for start, reason in WORDS_ALONE.items() if re.match(start, self.text)), "")


def read_lines() -> Iterator[Line]:
    """Yield the command lines of all documents, in order: those of console blocks and those in the running text."""
    for name in DOCUMENTS:
        text = (ROOT / name).read_text()
        found = [(match.start(), match[2], True) for match in re.finditer(r"(?ms)^( *)```console\n(.*?)^ *```", text)]
        prose = re.sub(r"(?ms)^ *```.*?^ *```$", lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        found += [(match.start(), match[1], False) for match in re.finditer(r"`([^`]+)`", prose)]
        for position, words, is_block in sorted(found):
            first = text.count("\n", 0, position) + 1
            if is_block:
                yield from read_block(name, first + 1, words)
            elif PROGRAM.match(line := " ".join(words.split())) and line not in NOT_COMMANDS:
                yield Line(name, first, line)


def read_block(document: str, number: int, block: str) -> Iterator[Line]:
    """Yield the commands of a console block; a loop, and what a backslash continues, is one."""
    whole = ""
    for offset, raw in enumerate(block.splitlines()):
        whole += raw.strip() + "\n"
        if raw.endswith("\\") or (whole.startswith("for ") and raw.strip() != "done"):
            continue
        # A comment may name a command as well.
        command, _, comment = whole.partition(" # ")
        if command.strip():
            yield Line(document, number + offset, command.strip())
        if named := re.search(r"\.stack/manage [a-z -]+", comment):
            yield Line(document, number + offset, named[0].strip())
        whole = ""


LINES: Final = tuple(read_lines())


def test_the_documents_are_read() -> None:
    texts = [line.text for line in LINES]
    assert len(texts) > 60
    for known in ("make run", ".stack/manage order audit", "docker compose build", ".stack/manage dbshell"):
        assert known in texts


def test_no_excuse_is_left_over() -> None:
    assert [start for start in WORDS_ALONE if not any(re.match(start, line.text) for line in LINES)] == []
    documents = "".join((ROOT / name).read_text() for name in DOCUMENTS)
    assert [text for text in NOT_COMMANDS if f"`{text}`" not in documents] == []


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_line_begins_with_what_is_there(line: Line) -> None:
    """`manage.py` and `temporal` are on nobody's PATH."""
    assert not re.match(r"(manage\.py|temporal|gunicorn|pytest) ", line.text)
    assert line.reason or line.text.startswith((".stack/", ".venv/bin/python manage.py ")), "is neither run nor excused"


@pytest.mark.parametrize("line", [line for line in LINES if line.reason], ids=str)
def test_the_words_of_a_line_exist(line: Line) -> None:
    judge(line.text)


def judge(text: str) -> None:
    """Fail unless program, target, service, verb and options of the command exist."""
    if text.startswith("for "):
        subprocess.run(["sh", "-n", "-c", text], check=True)
        for inner in re.findall(r"docker compose .*?(?=\n(?!--)|$)", text.replace("\\\n", "")):
            judge(inner)
        return
    words = shlex.split(text.partition(" < ")[0].partition(" > ")[0])
    if words[0] == "make":
        judge_make(words)
    elif words[:2] == ["docker", "compose"]:
        judge_compose(words[2:])
    elif words[0] == "cp":
        assert (ROOT / words[1]).exists()
    elif words[0].endswith("gunicorn"):
        done = run_python(("-m", "gunicorn", "--check-config", *words[1:]), os.environ | {"DEBUG": "true"})
        assert done.returncode == 0, done.stderr
    elif words[1:2] == ["-m"]:
        assert importlib.util.find_spec(words[2]) is not None
    else:
        judge_manage(words[words.index("manage.py") + 1 :] if "manage.py" in words else words[1:])


def judge_make(words: list[str]) -> None:
    given = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    targets = [word for word in words[1:] if "=" not in word]
    makefile = (ROOT / "Makefile").read_text()
    known = {*names_read(), *re.findall(r"\b[A-Z_]+\b", makefile)}
    known |= set(re.findall(r'"([A-Z_]+)"', "".join(path.read_text() for path in ROOT.glob("console/stack/*.py"))))
    assert given.keys() <= known
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


COMPOSE_VERBS: Final = {"up": True, "build": False, "ps": False, "logs": True, "exec": True, "run": True, "stop": True,
                        "restart": True}  # fmt: skip
"""Whether the words after a verb of docker compose are services, of which the first one is looked at."""


def judge_compose(words: list[str]) -> None:
    verb, *rest = words
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    if verb in {"exec", "run"}:
        rest = list(rest)
        while rest[0].startswith("-"):
            rest = rest[2 if rest[0] in {"--entrypoint", "--user"} else 1 :]
        assert rest[0] in services
        if rest[1:3] == ["python", "manage.py"]:
            judge_manage(rest[3:])
    else:
        assert verb in COMPOSE_VERBS
        named = [word for word in rest if not word.startswith("-")]
        assert set(named) <= services.keys() if COMPOSE_VERBS[verb] else not named


def judge_manage(words: list[str]) -> None:
    """Have Django's own parser read the arguments."""
    name, *arguments = words
    if name == "test":
        return
    command = load_command_class(get_commands()[name], name)
    try:
        command.create_parser("manage.py", name).parse_args(arguments)
    except CommandError as error:
        pytest.fail(f"{name}: {error}")


@pytest.fixture
def clone(tmp_path: Path, program_environment: dict[str, str], postgres: dict[str, str]) -> Iterator[Path]:
    """A folder that looks like a clone in which a stack is at work: the tests' servers are its servers."""
    for path in ROOT.iterdir():
        if path.name not in {".stack", ".venv"}:
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    folder = StackFolder({"STACK_FOLDER": str(tmp_path / ".stack")})
    folder.make()
    published: dict[str, str | None] = {
        name: program_environment[name] for name in ("DATABASE_URL", "TEMPORAL_ADDRESS")
    }
    published |= {"DEBUG": "true", EMBEDDED: "postgres temporal", PROGRAMS: str(find_programs())}
    with folder.published(published):
        yield tmp_path


@pytest.mark.django_db(transaction=True)
def test_the_lines_run(workers_running: object, clone: Path) -> None:
    """In the order in which they stand, so that one may go on with what another made; each line once."""
    environment = clean_environment(clone / ".stack")
    wrong: list[str] = []
    for number, text in enumerate(dict.fromkeys(line.text for line in LINES if not line.reason)):
        command = text
        if PLACEHOLDER in text:
            order = wait_for_status(submit(number), Status.PENDING_MANUAL_APPROVAL)
            command = text.replace(PLACEHOLDER, order.order_id)
        told = subprocess.run(
            ["sh", "-c", command], cwd=clone, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        is_verdict = any(part in text and words in told.stdout + told.stderr for part, words in VERDICTS.items())
        if told.returncode and not is_verdict:
            wrong.append(f"{text}: {told.stderr or told.stdout}")
        if "Traceback" in told.stderr:
            wrong.append(f"{text}: {told.stderr}")
    assert not wrong, "\n".join(wrong)
