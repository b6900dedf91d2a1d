"""Stripe as a payment gateway. `orders.payments.gateways.stripe.gateway.StripeGateway` goes into PAYMENT_GATEWAYS."""
