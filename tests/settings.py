"""The settings that tests run with: the project's own, read from an environment of the tests' own."""

import importlib
import os

from orders.postgres.limits import Limits

for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
    del os.environ[name]
os.environ.update(
    {
        "DEBUG": "false",
        "SECRET_KEY": "only-for-tests-and-long-enough-for-the-checks-of-django-0123456789",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "TEMPORAL_UI_URL": "http://127.0.0.1:8233",
        # Nobody listens there: a test that wants a server asks for one (see conftest.py).
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        # And no profile of the person who runs the tests.
        "TEMPORAL_CONFIG_FILE": os.devnull,
        # As in the local stack; tests of what happens otherwise say so.
        "ACCEPT_OUTSIDE_DECISIONS": "true",
        "FLAKY_FAIL_RATE": "0",
        "FLAKY_HANG_RATE": "0",
        "LOG_LEVEL": "INFO",
    }
)
for name in (
    "DATABASE_IDLE_TIMEOUT",
    "DATABASE_LOCK_TIMEOUT",
    "DATABASE_POOL",
    "DATABASE_STATEMENT_TIMEOUT",
    "HTTPS",
    "TRUSTED_PROXY_COUNT",
    "CSRF_TRUSTED_ORIGINS",
    "ORDER_APPROVAL_TIMEOUT",
    "ORDER_WORKFLOW_TIMEOUT",
):
    os.environ.pop(name, None)

project = importlib.import_module("console.settings")
globals().update({name: value for name, value in vars(project).items() if name.isupper()})
# Quick, for a test that signs somebody in is not about hashing.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Pages are tested without `collectstatic`.
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATIC_ROOT = project.BASE_DIR / "static"
# A test may think for as long as it likes in the middle of the transaction that it is rolled back with.
project.DATABASES["default"]["OPTIONS"]["limits"] = Limits(lock=3)
