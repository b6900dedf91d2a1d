"""console.template_files: pages are sent without the indentation of their templates, and with that of people."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.template import Engine
from django.test import Client

from tests.asking import LOGIN
from tests.making import MakeOrder


@pytest.mark.django_db
def test_no_line_of_a_page_begins_with_a_space(client: Client, bob: User, make_order: MakeOrder) -> None:
    order = make_order()
    pages = [client.get(LOGIN)]
    client.force_login(bob)
    pages += [client.get(path) for path in (order.get_absolute_url(), "/orders/")]
    for page in pages:
        lines = page.content.decode().splitlines()
        indented = [line for line in lines if line.startswith("  ") and "<option" not in line]  # Django's own
        assert indented == []


def test_what_people_wrote_keeps_its_spaces_and_errors_their_line(tmp_path: Path) -> None:
    (tmp_path / "note.html").write_text("<ul>\n    <li>\n\t{{ note }}</li>\n</ul>\n")
    loaders = ["console.template_files.UnindentedLoader"]
    template = Engine(dirs=[str(tmp_path)], loaders=loaders).get_template("note.html")
    assert template.source.count("\n") == 4
    assert Engine(dirs=[str(tmp_path)], loaders=loaders).render_to_string("note.html", {"note": "a\n   b"}) == (
        "<ul>\n<li>\na\n   b</li>\n</ul>\n"
    )
