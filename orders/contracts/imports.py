"""What crosses Temporal about imports: the orders of a file."""

from dataclasses import dataclass
from typing import Final

IMPORT_WORKFLOW: Final = "ImportWorkflow"


@dataclass(frozen=True)
class ImportInput:
    """The argument of ImportWorkflow, whose workflow id is the same `import_id`."""

    import_id: str


@dataclass(frozen=True)
class CheckImport:
    """The argument of check_import."""

    import_id: str


@dataclass(frozen=True)
class ImportChunk:
    """The argument of import_chunk."""

    import_id: str


@dataclass(frozen=True)
class ImportAdvanced:
    """The answer of both: the import's state in its row, and how many orders were looked at or submitted."""

    state: str
    count: int = 0
