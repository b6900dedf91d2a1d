"""Which runs do what: the patches of the order's workflow, of which all are asked for before a run's first step.

A patch that is asked for later can make a run impossible to replay: where a workflow task ends between a local activity
and what follows it, the SDK (temporalio 1.35) looks for the patch in the wrong task, takes the earlier way, and finds
that it does not fit the history. No workflow stands here, so that the sandbox passes this module through and does not
execute it again for every run.
"""

from typing import Final

from temporalio import workflow

# The patch of runs that have all of those below from their first step on, with one marker for all of them.
ALL_FROM_THE_START: Final = "all-patched-from-the-start"
# The patch of runs that have all of those below but the last. It was asked for beside that one.
FROM_THE_START: Final = "patched-from-the-start"
# The patch of runs that take some steps locally first. A run takes all of them so, or none.
LOCALLY_FIRST: Final = "take-steps-locally-first"
# The patch of runs that hear when somebody extends the deadline. Others learn of it when theirs has passed.
EXTENDABLE: Final = "extend-the-deadline"
# The patch of runs that wake on the way to the deadline.
REMINDED: Final = "remind-approvers"
# The patch of runs that set search attributes where their input says so.
LISTED: Final = "set-search-attributes"


def has_patch(patch: str) -> bool:
    """Tell whether this run goes the way of `patch`; one that began with earlier code asks when it gets there."""
    if workflow.patched(ALL_FROM_THE_START):
        return True
    return (patch != LISTED and workflow.patched(FROM_THE_START)) or workflow.patched(patch)
