"""A person's browser, as far as the faults need one: cookies, forms, and sending again what had no answer."""

import http.client
import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Final

# As tests.making makes people.
PASSWORD: Final = "demo"
PATIENCE_SECONDS: Final = 60.0


class Browser:
    """One signed-in person at the web server of the stack."""

    def __init__(self, port: int, name: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        self.ask("/accounts/login/")
        self.ask("/accounts/login/", {"username": name, "password": PASSWORD})

    def ask(self, path: str, fields: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Ask for a page or send a form; return status, address and text of where that led.

        What gets no answer is sent again, as a person does. Raises OSError when the patience is over.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            token = {cookie.name: cookie.value or "" for cookie in self._cookies}.get("csrftoken", "")
            data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode() if fields else None
            try:
                with self._opener.open(urllib.request.Request(f"{self._base}{path}", data), timeout=30) as response:
                    return response.status, response.url, response.read().decode()
            except urllib.error.HTTPError as error:
                if error.code < http.client.INTERNAL_SERVER_ERROR:
                    return error.code, path, error.read().decode()
                failure: OSError | http.client.HTTPException = error
            except (OSError, http.client.HTTPException) as error:
                failure = error
            if time.monotonic() > end:
                raise OSError(f"{path}: {failure}") from failure
            time.sleep(0.2)

    def submit_order(self, key: str) -> str:
        """Fill in the form for a new order, send it with this key, and return the order's id."""
        fields = {
            "idempotency_key": key,
            "customer_name": "Emma Example",
            "customer_email": "emma@example.com",
            "address_line": "Long Street 1",
            "address_postcode": "10115",
            "address_city": "Berlin",
            "address_country": "DE",
            "currency": "EUR",
            "lines-TOTAL_FORMS": "1",
            "lines-0-sku": "MUG-1",
            "lines-0-description": "Mug",
            "lines-0-quantity": "2",
            "lines-0-unit_price": "12.50",
            "intent": "submit",
        }
        status, address, text = self.ask("/orders/new/", fields)
        found = re.search(r"/orders/(order-[\w-]+)/", address)
        assert found, f"the form was answered with {status}: {' '.join(re.sub('<[^>]+>', ' ', text).split())[:500]}"
        return found[1]

    def approve(self, order_id: str) -> None:
        """Press *Approve*."""
        status, _, _ = self.ask(f"/orders/{order_id}/approve/", {"reason": ""})
        assert status in {200, 409, 422}, status
