"""Which runs do what: the patches of the order's workflow, of which all are asked for before a run's first step.

A patch that is asked for later can make a run impossible to replay: where a workflow task ends between a local activity
and what follows it, the SDK (temporalio 1.35) looks for the patch in the wrong task, takes the earlier way, and finds
that it does not fit the history. No workflow stands here, so that the sandbox passes this module through and does not
execute it again for every run.
"""

from collections.abc import Mapping
from typing import Final

from temporalio import workflow

# The patch of runs that take some steps locally first. A run takes all of them so, or none.
LOCALLY_FIRST: Final = "take-steps-locally-first"
# The patch of runs that hear when somebody extends the deadline. Others learn of it when theirs has passed.
EXTENDABLE: Final = "extend-the-deadline"
# The patch of runs that wake on the way to the deadline.
REMINDED: Final = "remind-approvers"
# The patch of runs that set search attributes where their input says so.
LISTED: Final = "set-search-attributes"

# Patches that stand for several, with one marker, in runs that have these from their first step on; the latest first.
# What one stands for never changes: runs that have it do not know of a patch that is thought of later.
JOINED: Final[Mapping[str, frozenset[str]]] = {
    "all-patched-from-the-start": frozenset({LOCALLY_FIRST, EXTENDABLE, REMINDED, LISTED}),
    "patched-from-the-start": frozenset({LOCALLY_FIRST, EXTENDABLE, REMINDED}),
}


def has_patch(patch: str) -> bool:
    """Tell whether this run goes the way of `patch`; one that began with earlier code asks when it gets there."""
    return any(patch in joined and workflow.patched(name) for name, joined in JOINED.items()) or workflow.patched(patch)
