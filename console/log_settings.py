"""What the log of the web server and the commands tells, and in which shape."""

from typing import Any


def describe_logging(level: str) -> dict[str, Any]:
    """Return the configuration of the log, which tells of what is at least of this level."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "orders.log_lines.LineFormatter",
                "fmt": "{asctime} {levelname} {name} {message}",
                "style": "{",
            }
        },
        "filters": {"one_line": {"()": "console.logs.OneLine"}, "without_rows": {"()": "console.logs.WithoutRows"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_rows"]},
            "stderr_one_line": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["one_line"]},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR"},
            # While PostgreSQL is away it tells of each attempt to connect; whoever needed the connection says so once.
            "psycopg.pool": {"level": "ERROR"},
            # What anybody can send, such as a foreign Host header or a forged form: answered with 400 or 403.
            "django.security": {"handlers": ["stderr_one_line"], "propagate": False},
            # console.accounts tells the same in its own line, with who and from where.
            "django.security.csrf": {"level": "ERROR"},
            "axes": {"level": "CRITICAL"},
        },
    }
