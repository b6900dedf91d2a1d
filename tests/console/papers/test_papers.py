"""/orders/papers/: order sheets, packing slips and pick lists as PDF, of one order and of many."""

import ctypes.util
import importlib.util
import io
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pypdf import PdfReader

from console.desk import list_asked
from console.papers import page, pdf
from orders.intake.drafts import LineDraft
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
URL = "/orders/papers/"
CAN_PRINT: Final = importlib.util.find_spec("weasyprint") is not None and bool(ctypes.util.find_library("pangoft2-1.0"))
prints = pytest.mark.skipif(
    not CAN_PRINT,
    reason="WeasyPrint or libpangoft2-1.0-0 (apt-get) is not installed, so no PDF is made",
)


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The HTML that was to become a PDF, which is spared."""
    sent: list[str] = []

    def keep(html: str) -> bytes:
        sent.append(html)
        return b"%PDF"

    monkeypatch.setattr(page, "make_pdf", keep)
    return sent


def read(response: Any) -> list[str]:
    """Return the text of each page, in which a line break is a space."""
    assert response.status_code == 200, text_of(response)
    assert response["Content-Type"] == "application/pdf"
    return [" ".join(each.extract_text().split()) for each in PdfReader(io.BytesIO(response.content)).pages]


@prints
class TestPdf:
    def test_a_packing_slip_has_goods_and_address_and_no_prices(self, bobs: Client, make_order: MakeOrder) -> None:
        lines = (LineDraft("MUG-1", "Mug <b>", 2, 1250), LineDraft("TEA-9", "Tea", 3, 400))
        order = make_order("PAID", customer_name="Şahin Öz", customer_company="Öz & Co", lines=lines)
        response = bobs.get(URL, {"kind": "packing-slip", "order_id": order.order_id})
        (text,) = read(response)
        assert response["Content-Disposition"] == f'inline; filename="packing-slip-{order.order_id}.pdf"'
        for words in (order.order_id, "Şahin Öz", "Öz & Co", "10115 Berlin", "Mug <b>", "TEA-9", "Pieces 5"):
            assert words in text, text
        assert "12.50" not in text

    def test_each_order_has_a_page_of_its_own(self, bobs: Client, make_order: MakeOrder) -> None:
        orders = [make_order("PAID") for _ in range(3)]
        ids = [order.order_id for order in orders]
        pages = read(bobs.get(URL, {"kind": "order-sheet", "order_id": ids}))
        assert [order_id in text for order_id, text in zip(ids, pages, strict=True)] == [True] * 3
        assert "37.20" not in pages[0]
        assert "25.00 EUR" in pages[0]

    def test_nothing_that_a_name_holds_is_loaded_or_shown_as_html(
        self, bobs: Client, make_order: MakeOrder, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret.txt"
        secret.write_text("the secret of the server")
        name = f'<iframe src="file://{secret}"></iframe>'
        order = make_order("PAID", customer_name=name)
        (text,) = read(bobs.get(URL, {"kind": "packing-slip", "order_id": order.order_id}))
        assert "iframe" in text
        assert "the secret" not in text

    def test_what_html_names_is_not_loaded(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret.css"
        secret.write_text('body::before { content: "the secret of the server" }')
        made = pdf.make_pdf(f'<link rel="stylesheet" href="file://{secret}"><p>Hello')
        (text,) = [each.extract_text() for each in PdfReader(io.BytesIO(made)).pages]
        assert "Hello" in text
        assert "secret" not in text


def test_a_pick_list_adds_up_each_article(bobs: Client, make_order: MakeOrder, printed: list[str]) -> None:
    first = make_order("PAID", lines=(LineDraft("MUG-1", "Mug", 2, 1250), LineDraft("TEA-9", "Tea", 1, 400)))
    second = make_order("PAID", lines=(LineDraft("MUG-1", "Mug", 3, 1250), LineDraft("MUG-1", "Mug", 1, 1250)))
    stopped = make_order("CANCELLED")
    response = bobs.get(URL, {"kind": "pick-list"})
    assert response["Content-Disposition"] == 'inline; filename="pick-list-2-orders.pdf"'
    text = " ".join(printed[0].split())
    assert text.count("<tr>") == 3
    assert '<td class="code">MUG-1</td> <td>Mug</td> <td class="number"><b>6</b></td>' in text
    assert f'<span class="code">{second.order_id}</span> × 4' in text
    assert f'<span class="code">{first.order_id}</span> × 2' in text
    assert stopped.order_id not in text
    assert "1 cancelled order is not included." in text


def test_a_packing_slip_says_what_the_goods_weigh_when_each_line_does(
    bobs: Client, make_order: MakeOrder, printed: list[str]
) -> None:
    known, other = LineDraft("MUG-1", "Mug", 2, 1250, weight_grams=350), LineDraft("TEA-9", "Tea", 1, 400)
    for lines in ((known, known), (known, other)):
        bobs.get(URL, {"kind": "packing-slip", "order_id": make_order("PAID", lines=lines).order_id})
    assert "<dt>Weight of the goods</dt><dd>1400 g</dd>" in printed[0]
    assert "Weight" not in printed[1]


def test_it_prints_the_page_of_the_list_that_is_shown(
    bobs: Client, make_order: MakeOrder, printed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_asked, "PAGE_SIZE", 2)
    orders = [make_order("PAID", currency="USD") for _ in range(3)]
    make_order("PAID")
    shown = bobs.get("/orders/?status=PAID&currency=USD")
    for response, expected in ((shown, orders[:0:-1]), (bobs.get(shown.context["next_url"]), orders[:1])):
        choice = bobs.get(response.context["asked"].papers_url)
        links = {kind.name: url for kind, url in choice.context["links"]}
        assert bobs.get(links["packing-slip"]).status_code == 200
        text = printed.pop()
        assert {order for order in orders if order.order_id in text} == set(expected)
        assert text.count('class="sheet"') == len(expected)


def test_the_page_of_an_order_leads_to_its_papers(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order("PAID")
    url = f"/orders/papers/?order_id={order.order_id}"
    assert f'href="{url}"' in text_of(bobs.get(order.get_absolute_url()))
    page_of = text_of(bobs.get(url))
    for kind in ("order-sheet", "packing-slip", "pick-list"):
        assert f'href="{url}&amp;kind={kind}"' in page_of
    assert order.get_absolute_url() in page_of


def test_an_order_sheet_is_made_of_a_cancelled_order_too(
    bobs: Client, make_order: MakeOrder, printed: list[str]
) -> None:
    order = make_order("CANCELLED", reason="Ordered <twice>")
    assert bobs.get(URL, {"kind": "order-sheet", "order_id": order.order_id}).status_code == 200
    assert "Ordered &lt;twice&gt;" in printed[0]


def test_where_there_is_nothing_to_print_the_list_says_so(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order("CANCELLED")
    for query in ({"order_id": order.order_id}, {"status": "completed"}, {"cursor": "nonsense"}):
        page_of = bobs.get(URL, {"kind": "packing-slip", **query}, follow=True)
        assert page_of.redirect_chain[0][0].startswith("/orders/")
        assert "There is nothing to print" in text_of(page_of)


class TestRefusals:
    def test_too_many_orders(self, bobs: Client) -> None:
        response = bobs.get(URL, {"kind": "packing-slip", "order_id": [f"order-{n}" for n in range(51)]})
        assert response.status_code == 503
        assert "At most 50 orders go into one PDF." in text_of(response)

    def test_one_too_many_at_once(self, bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
        order = make_order("PAID")
        with pdf._places, pdf._places:
            response = bobs.get(URL, {"kind": "packing-slip", "order_id": order.order_id})
        assert response.status_code == 503
        assert "Other PDFs are being made at the moment." in text_of(response)

    @pytest.mark.parametrize(
        ("program", "said"),
        [
            ("raise SystemExit(3)", "PDFs cannot be made on this server."),
            ("raise SystemExit(1)", "The PDF could not be made."),
            ("print('no PDF')", "The PDF could not be made."),
            ("import time; time.sleep(30)", "took too long"),
        ],
    )
    def test_a_press_that_fails(
        self,
        bobs: Client,
        make_order: MakeOrder,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        program: str,
        said: str,
    ) -> None:
        folder = tmp_path / "console" / "papers"
        folder.mkdir(parents=True)
        (folder / "press.py").write_text(program)
        monkeypatch.setattr(pdf, "MOST_SECONDS", 1.0 if "sleep" in program else 20.0)
        monkeypatch.setattr(pdf, "PROGRAM", (sys.executable, str(folder / "press.py")))
        order = make_order("PAID")
        response = bobs.get(URL, {"kind": "packing-slip", "order_id": order.order_id})
        assert response.status_code == 503
        assert said in text_of(response)
        assert pdf._places.acquire(blocking=False), "its place is free again"
        pdf._places.release()

    @pytest.mark.parametrize("query", [{"kind": "nonsense"}, {"kind": "\x00"}])
    def test_no_such_paper(self, bobs: Client, query: dict[str, str]) -> None:
        assert bobs.get(URL, query).status_code == 400

    def test_who_may_not_look(self, client: Client, bob: User) -> None:
        assert client.get(URL)["Location"] == leads_to_login(URL)
        assert client.get(URL, headers=HTMX).status_code == 401
        client.force_login(User.objects.create_user("erin"))
        assert client.get(URL, {"kind": "pick-list"}).status_code == 403
        client.force_login(bob)
        assert client.post(URL).status_code == 405
