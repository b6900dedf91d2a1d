"""What programs of the fault suite are told before they know a stack; nothing here needs Django."""

import os

from console.environment import names_read


def clean_environment() -> dict[str, str]:
    """Return the environment without anything that names an installation, and with settings of the suite's own."""
    foreign = {*names_read(), "DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in foreign} | {
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "DEBUG": "false",
        "SECRET_KEY": "only-for-the-fault-suite-and-long-enough-for-the-checks-0123456789",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "WEB_PROCESSES": "1",
        # Receivers of webhooks are on this machine.
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }
