"""Guards of imports: nothing before it is confirmed, nothing twice, nothing by who may not; and of pasted rows."""

from typing import Final

from tests.mutants.trial import Mutant

CHUNKS: Final = ("tests/orders/imports/test_chunks.py",)
CHECKING: Final = ("tests/orders/imports/test_checking.py",)
JOBS: Final = ("tests/orders/imports/test_jobs.py",)

OF_IMPORTS: Final = (
    Mutant(
        "an import that is not confirmed submits nothing",
        "orders/imports/chunks.py",
        "    if importing.state != ImportState.RUNNING:\n",
        "    if importing.is_over:\n",
        JOBS,
    ),
    Mutant(
        "who lost the right to submit imports nothing more",
        "orders/imports/chunks.py",
        "if actor is None or not may_submit(actor):",
        "if actor is None:",
        CHUNKS,
    ),
    Mutant(
        "an import that is stopped submits no further order",
        "orders/imports/chunks.py",
        '    if not vars(item)["is_running"]:\n        return False\n',
        "",
        CHUNKS,
    ),
    Mutant(
        "an imported order and its result are one transaction",
        "orders/imports/chunks.py",
        "@transaction.atomic\ndef _submit_item(",
        "def _submit_item(",
        CHUNKS,
    ),
    Mutant(
        "an order that the database refuses holds up no other",
        "orders/imports/chunks.py",
        "        if find_fault(error) is not None:",
        "        if True:",
        CHUNKS,
    ),
    Mutant(
        "an order of two files is submitted once",
        "orders/imports/submission.py",
        'return f"import-{shop.pk if shop else 0}:{digest}"',
        'return f"import-{id(digest)}:{digest}"',
        CHUNKS,
    ),
    Mutant(
        "a check that is repeated goes on where it was",
        "orders/imports/checking.py",
        "if found.rows[0][0] > row.checked_row]",
        "if found.rows[0][0]]",
        CHECKING,
    ),
    Mutant(
        "a check that is over writes nothing more",
        "orders/imports/checking.py",
        " or row.checks != importing.checks:",
        ":",
        CHECKING,
    ),
    Mutant(
        "an import is seen by nobody else",
        "orders/imports/jobs.py",
        "if importing is None or (importing.actor_account_id != actor.pk and not actor.is_superuser):",
        "if importing is None:",
        JOBS,
    ),
    Mutant(
        "an import is confirmed by its owner alone",
        "orders/imports/jobs.py",
        "        if importing.actor_account_id != actor.pk:\n",
        "        if False:\n",
        JOBS,
    ),
    Mutant(
        "nobody fills the disk with files",
        "orders/imports/jobs.py",
        ".count() >= MOST_OPEN:",
        ".count() >= 10**9:",
        JOBS,
    ),
    Mutant(
        "a confirmation that comes while a run ends is not overlooked",
        "workers/workflows/imports.py",
        " and not self._is_woken:",
        ":",
        ("tests/workers/test_import_workflow.py",),
    ),
    Mutant(
        "an import that lost its run is woken",
        "orders/engine/waking.py",
        "        (ImportState.CHECKING, ImportState.RUNNING),\n",
        "        (),\n",
        ("tests/orders/engine/test_waking.py",),
    ),
    Mutant(
        "pasted rows are not submitted unseen",
        "console/intake/create.py",
        'if intent == "paste" or request.POST.get("pasted", "").strip():',
        'if intent == "paste":',
        ("tests/console/intake/test_order_create.py",),
    ),
)
