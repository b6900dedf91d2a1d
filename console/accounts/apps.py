"""Puts the console's own site in the place of the admin's."""

from django.contrib.admin.apps import AdminConfig


class ConsoleAdminConfig(AdminConfig):
    """Django's admin with our own way in, and the password asked for again before every change."""

    default_site = "console.accounts.admin_site.ConsoleAdminSite"
