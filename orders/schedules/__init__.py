"""Exports by e-mail at set times: what people scheduled, when each is due, and what is sent, once for each time."""
