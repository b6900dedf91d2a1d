"""Webhooks: programs outside are called when something happens to an order, by Standard Webhooks."""
