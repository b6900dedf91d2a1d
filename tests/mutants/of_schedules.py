"""Guards of exports by e-mail: each time once, to its owner alone, with the rights of that moment."""

from typing import Final

from tests.mutants.trial import Mutant

SENDING: Final = ("tests/orders/schedules/test_sending.py",)
KEEPING: Final = ("tests/orders/schedules/test_keeping.py",)
PAGES: Final = ("tests/console/schedules/test_schedules.py",)

OF_SCHEDULES: Final = (
    Mutant(
        "a time that was taken is not due again",
        "orders/schedules/sending.py",
        '        schedule.save(update_fields=["next_at"])\n',
        "",
        SENDING,
    ),
    Mutant(
        "times that were missed are made up once",
        "orders/schedules/sending.py",
        "find_next_time(schedule, after=database_now())",
        "find_next_time(schedule, after=schedule.next_at)",
        SENDING,
    ),
    Mutant(
        "a file is handed over once",
        "orders/schedules/sending.py",
        "            sending.state, sending.is_attached = State.MAILED, export",
        "            sending.is_attached = export",
        SENDING,
    ),
    Mutant(
        "one file of an export is made at a time",
        "orders/schedules/sending.py",
        "filter(~Exists(making), next_at__lte=Now())",
        "filter(next_at__lte=Now())",
        SENDING,
    ),
    Mutant(
        "nothing is begun for who may not view orders any more",
        "orders/schedules/sending.py",
        "    if not may_view(owner):\n",
        "    if False:\n",
        SENDING,
    ),
    Mutant(
        "nothing is sent to who may not view orders any more",
        "orders/notifications/scheduled_exports.py",
        "    if not permissions.may_view(owner):\n",
        "    if False:\n",
        SENDING,
    ),
    Mutant(
        "what is paused before it is sent is not sent",
        "orders/notifications/scheduled_exports.py",
        "    if sending.schedule.is_paused and not sending.is_asked_for:\n",
        "    if False:\n",
        SENDING,
    ),
    Mutant(
        "days are counted each time",
        "orders/schedules/sending.py",
        "fixed = fix_days(query)",
        "fixed = query",
        SENDING,
    ),
    Mutant(
        "days are those of the export's zone",
        "orders/schedules/sending.py",
        "timezone.override(find_zone(schedule.time_zone))",
        "timezone.override(None)",
        SENDING,
    ),
    Mutant(
        "a day of the file begins in its zone",
        "orders/listing/exports.py",
        "timezone.override(find_zone(export.time_zone))",
        "timezone.override(None)",
        SENDING,
    ),
    Mutant(
        "a large file is not attached",
        "orders/schedules/sending.py",
        "export.size <= MOST_ATTACHED_BYTES",
        "True",
        SENDING,
    ),
    Mutant(
        "one worker at a time makes workbooks",
        "orders/listing/workbook_exports.py",
        "        if lease is None or export is None:\n",
        "        export = export or list_pending(FileFormat.XLSX).first()\n        if export is None:\n",
        SENDING,
    ),
    Mutant(
        "an export by e-mail is its owner's alone",
        "orders/schedules/keeping.py",
        "    own = ExportSchedule.objects.filter(schedule_id=schedule_id, account=owner)\n",
        "    own = ExportSchedule.objects.filter(schedule_id=schedule_id)\n",
        KEEPING,
    ),
    Mutant(
        "what an administrator paused its owner cannot resume",
        "orders/schedules/keeping.py",
        "    if schedule.pause == ExportSchedule.Pause.ADMIN:\n",
        "    if False:\n",
        KEEPING,
    ),
    Mutant(
        "a list that cannot be read whole is not scheduled",
        "console/schedules/pages.py",
        "    if asked.notices:  # without",
        "    if False:  # without",
        PAGES,
    ),
)
