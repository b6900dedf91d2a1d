"""What gateways send: taken once, and dealt with by asking them what is so now."""
