"""Scheduled exports: what somebody gets by e-mail of lists of orders, and when."""
