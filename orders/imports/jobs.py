"""Imports that somebody prepares in the console: a file is uploaded, its layout chosen, it is checked and confirmed.

Nothing is submitted before it is confirmed. Whoever asks for a check or confirms an import waits for no order and not
for Temporal: the rows are written, and the relay starts the workflow.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders.errors import FileRefused, ImportMoved, ImportNotFound, OrderInvalid
from orders.identifiers import new_identifier
from orders.imports.layout import Layout
from orders.imports.sheets import LARGEST_FILE, Row, describe_too_large, guess_meaning, guess_reading, read_sample
from orders.models import ImportedOrder, ImportFile, OrderImport, Shop
from orders.permissions import check_may_submit
from orders.states import ImportResult, ImportState
from orders.texts import clean_line

# With the row that names the columns.
SHOWN_ROWS: Final = 6
# Files are kept until they are confirmed, and a forgotten one for so long.
MOST_OPEN: Final = 10
KEPT: Final = timedelta(days=7)
SUBMITTED: Final = (ImportResult.CREATED, ImportResult.EXISTING)
FAILED: Final = (ImportResult.WRONG, ImportResult.REFUSED)
UNDER_WAY: Final = (ImportState.CHECKING, ImportState.RUNNING)
PREPARED: Final = (ImportState.CHOOSING, ImportState.CHECKED)


def create_import(name: str, contents: bytes, *, actor: User, currency: str) -> OrderImport:
    """Keep a file, with a guess at how it is read. Raises NotAllowed, FileRefused for one that cannot be read."""
    check_may_submit(actor)
    if OrderImport.objects.filter(actor_account_id=actor.pk, ended_at__isnull=True).count() >= MOST_OPEN:
        sentence = _("You have %(most)s imports that have not ended. Finish or stop one of them first.")
        raise FileRefused(sentence % {"most": MOST_OPEN})
    if len(contents) > LARGEST_FILE:
        raise FileRefused(describe_too_large())
    layout = replace(guess_reading(name, contents), currency=currency)
    rows = read_sample(contents, layout)
    with transaction.atomic():
        importing: OrderImport = OrderImport.objects.create(
            import_id=new_identifier("import"),
            file_name=clean_line(name, 200),
            actor=actor.get_username(),
            actor_account_id=actor.pk,
            layout=asdict(guess_meaning(layout, rows)),
            sample=rows[:SHOWN_ROWS],
        )
        ImportFile.objects.create(of=importing, contents=contents)
    return importing


def read_import(import_id: str, *, actor: User) -> OrderImport:
    """Return somebody's own import; superusers see all. Raises ImportNotFound."""
    importing: OrderImport | None = OrderImport.objects.select_related("shop").filter(import_id=import_id).first()
    if importing is None or (importing.actor_account_id != actor.pk and not actor.is_superuser):
        raise ImportNotFound(import_id)
    return importing


def read_layout(importing: OrderImport) -> Layout:
    """Return how the file is read."""
    return Layout(**importing.layout)


def choose_layout(
    import_id: str, *, actor: User, reading: Mapping[str, str], shop: Shop | None, columns: Mapping[str, int]
) -> bool:
    """Write down how the file is to be read; `reading` is all of the layout but its columns.

    Returns whether the chosen columns stand: where the file, read in this way, has others, they are guessed again.
    Raises ImportNotFound, ImportMoved, FileRefused for a file that cannot be read in this way.
    """
    with transaction.atomic():
        importing = _lock(import_id, actor, *PREPARED)
        before = read_layout(importing)
        layout = replace(before, **reading, columns=dict(columns))
        rows: list[Row] = [(number, cells) for number, cells in importing.sample]
        stands = True
        if (layout.encoding, layout.delimiter) != (before.encoding, before.delimiter):
            rows = read_sample(bytes(ImportFile.objects.get(of=importing).contents), layout)
            stands = rows[0][1] == importing.sample[0][1]
            layout = layout if stands else guess_meaning(layout, rows, decimal_mark=layout.decimal_mark)
        importing.layout, importing.sample = asdict(layout), rows[:SHOWN_ROWS]
        importing.shop, importing.state, importing.trouble = shop, ImportState.CHOOSING, ""
        importing.save(update_fields=["layout", "sample", "shop", "state", "trouble"])
    return stands


def start_check(import_id: str, *, actor: User) -> None:
    """Have the whole file checked in the background, from its first row.

    Raises ImportNotFound, ImportMoved, FileRefused for a layout without a column that every order needs.
    """
    with transaction.atomic():
        importing = _lock(import_id, actor, ImportState.CHOOSING)
        read_layout(importing).check_is_complete(len(importing.sample[0][1]))
        ImportedOrder.objects.filter(of=importing).delete()
        _move(importing, ImportState.CHECKING, checks=F("checks") + 1, checked_row=0, rows=0, wake_due_at=Now())


def go_back(import_id: str, *, actor: User) -> None:
    """Choose the layout of a checked file once more. Raises ImportNotFound, ImportMoved."""
    with transaction.atomic():
        _move(_lock(import_id, actor, ImportState.CHECKED), ImportState.CHOOSING)


def confirm_import(import_id: str, *, actor: User) -> None:
    """Have the orders without errors submitted. Raises NotAllowed, ImportNotFound, ImportMoved, OrderInvalid."""
    check_may_submit(actor)
    with transaction.atomic():
        importing = _lock(import_id, actor, ImportState.CHECKED)
        if importing.actor_account_id != actor.pk:
            sentence = _("Only %(actor)s may confirm this import, because it submits in their name.")
            raise OrderInvalid(sentence % {"actor": importing.actor})
        if not ImportedOrder.objects.filter(of=importing, result="").exists():
            raise OrderInvalid(_("The file has no order without errors. Correct it and upload it again."))
        ImportFile.objects.filter(of=importing).delete()
        _move(importing, ImportState.RUNNING, changed_by=actor.get_username(), wake_due_at=Now())


def stop_import(import_id: str, *, actor: User) -> None:
    """End an import. What was submitted stays submitted. Raises ImportNotFound, ImportMoved."""
    with transaction.atomic():
        importing = _lock(import_id, actor, *PREPARED, *UNDER_WAY)
        ImportFile.objects.filter(of=importing).delete()
        _move(importing, ImportState.STOPPED, changed_by=actor.get_username(), ended_at=Now())


def count_results(importing: OrderImport) -> dict[str, int]:
    """Return how many orders of the file have each result, those without one under an empty text."""
    rows = ImportedOrder.objects.filter(of=importing).order_by().values_list("result").annotate(Count("pk"))
    return dict(rows)


def stop_forgotten() -> int:
    """End the imports that nobody has confirmed for KEPT, so that their files go, and return how many."""
    old = OrderImport.objects.filter(ended_at__isnull=True, state__in=PREPARED, moved_at__lt=Now() - KEPT)
    stopped = 0
    for pk in list(old.values_list("pk", flat=True)[:20]):
        with transaction.atomic():
            found = old.select_for_update(skip_locked=True).filter(pk=pk).first()
            if found is not None:
                ImportFile.objects.filter(of=found).delete()
                _move(found, ImportState.STOPPED, ended_at=Now())
                stopped += 1
    return stopped


def _lock(import_id: str, actor: User, *states: ImportState) -> OrderImport:
    """Return the import under its row's lock. Raises ImportNotFound; ImportMoved when it is in none of the states."""
    read_import(import_id, actor=actor)
    importing: OrderImport = OrderImport.objects.select_for_update().get(import_id=import_id)
    if importing.state not in states:
        raise ImportMoved
    return importing


def _move(importing: OrderImport, state: ImportState, **facts: Any) -> None:
    """Write where the import is from now on."""
    OrderImport.objects.filter(pk=importing.pk).update(state=state, moved_at=Now(), **facts)
