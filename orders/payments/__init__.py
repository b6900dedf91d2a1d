"""The money of orders: the charge of a payment, what is given back, and the gateways that carry both out."""
