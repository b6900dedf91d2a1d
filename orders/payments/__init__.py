"""Money: the charge of a payment, its refunds, and the gateways that carry them out."""
