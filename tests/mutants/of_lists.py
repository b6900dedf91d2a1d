"""Guards of what people keep and take away of lists: saved views, files, papers."""

from typing import Final

from tests.mutants.trial import Mutant

VIEWS: Final = ("tests/console/desk/test_saved_views.py",)
FILES: Final = ("tests/console/desk/test_exports.py",)

OF_LISTS: Final = (
    Mutant(
        "a saved view is changed by its owner alone",
        "orders/listing/saved_views.py",
        "filter(view_id=view_id, account=owner)",
        "filter(view_id=view_id)",
        VIEWS,
    ),
    Mutant(
        "the number of saved views is bounded",
        "orders/listing/saved_views.py",
        "        if own.count() >= MOST_VIEWS:\n",
        "        if False:\n",
        VIEWS,
    ),
    Mutant(
        "a list that cannot be read whole is not saved",
        "console/desk/view_pages.py",
        "    if asked.notices:  # without",
        "    if False:  # without",
        VIEWS,
    ),
    Mutant(
        "an address beside a view names its tab",
        "console/desk/list_asked.py",
        "and not (self.view and is_bare) else",
        "else",
        VIEWS,
    ),
    Mutant(
        "a count that takes long is given up",
        "console/desk/saved_views.py",
        "    bounded.limit(replace(limits, statement=MOST_SECONDS))\n",
        "",
        VIEWS,
    ),
    Mutant(
        "a file is its owner's alone",
        "orders/listing/exports.py",
        "filter(export_id=export_id, account=owner)",
        "filter(export_id=export_id)",
        FILES,
    ),
    Mutant(
        "a file is not sent before it is whole",
        "console/desk/export_pages.py",
        "    if not export.is_done:\n",
        "    if False:\n",
        FILES,
    ),
    Mutant(
        "a file goes on behind its last piece",
        "orders/listing/exports.py",
        "cursor=export.cursor",
        'cursor=""',
        FILES,
    ),
    Mutant(
        "no file is made for who may not view orders any more",
        "orders/listing/exports.py",
        "    check_may_view(export.account)\n",
        "",
        FILES,
    ),
    Mutant(
        "nothing is packed for a cancelled order",
        "console/papers/contents.py",
        "if not (kind.ships and order.status in STOPPED)",
        "if order",
        ("tests/console/papers/test_papers.py",),
    ),
    Mutant(
        "only so many PDFs are made at once",
        "console/papers/pdf.py",
        "    if not _places.acquire(blocking=False):\n",
        "    _places.acquire(blocking=False)\n    if False:\n",
        ("tests/console/papers/test_papers.py",),
    ),
)
