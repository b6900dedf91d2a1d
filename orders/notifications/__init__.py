"""Notices: people are told of what needs them, in the console and by e-mail; customers are told by e-mail."""
