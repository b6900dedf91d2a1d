"""Receives webhooks of the order console: python docs/webhook_receiver.py PORT SECRET. Needs `standardwebhooks`."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

port, secret = int(sys.argv[1]), sys.argv[2]
seen = set()  # a real receiver keeps the ids it has seen in its database


class Receiver(BaseHTTPRequestHandler):
    """Checks the signature, leaves out what it has seen, and answers before it begins to work."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            message = Webhook(secret).verify(body, dict(self.headers.items()))
        except WebhookVerificationError:
            self.send_error(401)
            return
        self.send_response(204)
        self.end_headers()
        if self.headers["webhook-id"] not in seen:
            seen.add(self.headers["webhook-id"])
            order = message["data"].get("order", {})
            print(json.dumps([message["type"], order.get("order_id"), order.get("status")]), flush=True)


HTTPServer(("127.0.0.1", port), Receiver).serve_forever()
