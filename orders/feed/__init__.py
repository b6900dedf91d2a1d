"""What programs outside are told of orders: documents, and events in an order that skips none."""
