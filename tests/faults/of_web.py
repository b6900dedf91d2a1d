"""The web server killed between a commit and its message, and under load, while people use their browsers."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import connection

from tests.faults.browser import Browser
from tests.faults.people import AT_ONCE, Story, Wish
from tests.faults.stage import Fault, Stage
from tests.making import make_user
from tests.waiting import wait_until

DEATHS: Final = 4


def die_after_commit(stage: Stage) -> None:
    """Have the web server's process die right after a commit, again and again; the browsers send their forms again."""
    times = stage.stack.folder.path / "die-times"
    times.write_text(str(DEATHS))
    stage.stack.start_web(application="tests.faults.failing_web:application", DIE_TIMES=str(times))
    click(stage, stage.plan(wishes=[Wish.APPROVE]))
    assert times.read_text() == "0", "the web server did not die as often as it should have"
    stage.stack.web.stop()


def kill(stage: Stage) -> None:
    """Kill the whole web server under load, and start it again."""
    stage.stack.start_web()
    stories = stage.plan(2 * stage.orders, wishes=[Wish.APPROVE, Wish.APPROVE, Wish.LEAVE])
    with ThreadPoolExecutor(1) as aside:
        clicking = aside.submit(click, stage, stories)
        wait_until(lambda: sum(bool(story.order_id) for story in stories) > 2, seconds=60, what="the first orders")
        stage.stack.web.kill_family()
        stage.stack.start_web()
        clicking.result()
    stage.stack.web.stop()


def click(stage: Stage, stories: Sequence[Story]) -> None:
    """Submit and approve in browsers, some at the same time."""
    make_user("alice", "clerk")
    make_user("bob", "approver")
    connection.close()
    clerk, approver = Browser(stage.stack.web_port, "alice"), Browser(stage.stack.web_port, "bob")

    def live(story: Story) -> None:
        story.order_id = clerk.submit_order(story.key)
        if story.wish != Wish.LEAVE:
            approver.approve(story.order_id)
            story.taken.append("approve")

    with ThreadPoolExecutor(AT_ONCE) as people:
        list(people.map(live, stories))


OF_WEB: Final = (
    Fault("web-dies-after-commit", "The web server dies between a commit and its message", die_after_commit),
    Fault("web-killed", "The web server is killed under load", kill),
)
