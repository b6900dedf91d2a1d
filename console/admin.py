"""Where the admin looks for pages of this application: those about people."""

from console.accounts import admin

__all__ = ["admin"]
