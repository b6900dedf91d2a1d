"""A full disk under PostgreSQL and Temporal: a stack of its own on a small file system, which only root may make."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.faults.stage import Fault, Stage

MEGABYTES: Final = 300
FULL_SECONDS: Final = 6.0


def _may_mount() -> bool:
    if os.geteuid() or not Path("/proc/self/mounts").exists():
        return False
    with contextlib.suppress(subprocess.CalledProcessError, OSError), small_disk():
        return True
    return False


@contextlib.contextmanager
def small_disk() -> Iterator[Path]:
    """Mount a small file system in memory for the block. Raises CalledProcessError where that is denied."""
    with tempfile.TemporaryDirectory(prefix="console-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=711", "tmpfs", folder]
        subprocess.run(mount, check=True, capture_output=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)


def fill(stage: Stage) -> None:
    """Fill the disk to the last byte while people work, and make room again."""
    filler = stage.stack.folder.path.parent / "filler"
    with stage.people() as crowd:
        stage.wait_for_orders(crowd, stage.orders // 2)
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        time.sleep(FULL_SECONDS)
        filler.unlink()
        stage.heal()


OF_DISKS: Final = (
    Fault(
        "disk-full",
        "The disk of PostgreSQL and Temporal is full",
        fill,
        needs_small_disk=True,
        can_happen=_may_mount(),
    ),
)
