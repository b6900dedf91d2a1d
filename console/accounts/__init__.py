"""Accounts: signing in and out, sessions, passwords, and the admin's pages about people."""
