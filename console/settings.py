"""The settings of the order console. Every value that may differ between places comes from the environment."""

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from console.environment import (
    are_currencies,
    are_dotted_paths,
    are_host_names,
    are_origins,
    are_strong_keys,
    env,
    is_dotted_path,
    is_duration,
    is_duration_or_zero,
    is_host_and_port,
    is_http_url_or_empty,
    is_log_level,
    is_not_empty,
    is_not_negative,
    is_one_of,
    is_postgresql_url,
    is_rate,
    is_strong_key,
    read,
    read_all,
    read_list,
)
from console.log_settings import describe_logging
from console.mail_settings import read_mail_settings
from orders.contracts import APPROVAL_SECONDS
from orders.engine import options
from orders.postgres.address import database_from_url
from orders.postgres.limits import Limits

BASE_DIR = Path(__file__).resolve().parent.parent

# Who we are. Without DEBUG the key and the host names have to withstand strangers.
DEBUG = read(env.bool, "DEBUG", False)
HTTPS = read(env.bool, "HTTPS", False)
if DEBUG and HTTPS:
    raise ImproperlyConfigured(
        "DEBUG and HTTPS are both true. DEBUG shows internals to anyone who meets an error, and HTTPS says that "
        "others can reach the console. Turn one of them off."
    )
SECRET_KEY = read(env.str, "SECRET_KEY", "")
# Former keys: what they signed stays valid until they are taken out, so that a new key signs nobody out.
SECRET_KEY_FALLBACKS = read_list("SECRET_KEY_FALLBACKS", check=None if DEBUG else are_strong_keys)
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS", check=None if DEBUG else are_host_names)
if DEBUG:
    SECRET_KEY = SECRET_KEY or "only-for-debugging-on-this-machine"
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["127.0.0.1", "localhost", "[::1]"]
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to a long random text, or set DEBUG=true on your own machine."
    )
if not DEBUG and (complaint := is_strong_key(SECRET_KEY)):
    raise ImproperlyConfigured(f"SECRET_KEY is wrong: {complaint}")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is not set. List the host names of the console, separated by commas.")
CSRF_TRUSTED_ORIGINS = read_list("CSRF_TRUSTED_ORIGINS", check=are_origins)

# Temporal
try:
    _temporal = options.read_options({**os.environ, **read_all(options.VARIABLES)})
except options.WrongOption as error:
    raise ImproperlyConfigured(str(error)) from error
TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE = _temporal.address, _temporal.namespace
# API key, TLS and headers, as Client.connect takes them.
TEMPORAL_SECRETS = _temporal.secrets
if complaint := is_host_and_port(TEMPORAL_ADDRESS):
    raise ImproperlyConfigured(f"TEMPORAL_ADDRESS is wrong: {complaint}")
if complaint := is_not_empty(TEMPORAL_NAMESPACE):
    raise ImproperlyConfigured(f"TEMPORAL_NAMESPACE is wrong: {complaint}")
TEMPORAL_UI_URL = read(env.str, "TEMPORAL_UI_URL", "", check=is_http_url_or_empty).rstrip("/")

# Times of orders, in seconds
ORDER_APPROVAL_TIMEOUT = read(env.int, "ORDER_APPROVAL_TIMEOUT", APPROVAL_SECONDS, check=is_duration)
ORDER_WORKFLOW_TIMEOUT = read(
    env.int, "ORDER_WORKFLOW_TIMEOUT", ORDER_APPROVAL_TIMEOUT + 30 * 24 * 3600, check=is_duration
)
if ORDER_WORKFLOW_TIMEOUT < ORDER_APPROVAL_TIMEOUT + 3600:
    raise ImproperlyConfigured(
        "ORDER_WORKFLOW_TIMEOUT is wrong: it must be at least an hour longer than ORDER_APPROVAL_TIMEOUT, "
        "because the server then closes a run without any clean-up."
    )

# Whether an approval counts that comes over Temporal alone, whose name nobody has checked
ACCEPT_OUTSIDE_DECISIONS = read(env.bool, "ACCEPT_OUTSIDE_DECISIONS", False)

# What new orders may be in, by ISO 4217; the form begins with the first. Orders in other currencies stay as they are.
ORDER_CURRENCIES = list(dict.fromkeys(read_list("ORDER_CURRENCIES", "EUR,USD,GBP,CHF,JPY", check=are_currencies)))

# Seconds for which the answer to a request to the API is kept, to be given again for the same idempotency key
IDEMPOTENCY_KEY_LIFETIME = read(env.int, "IDEMPOTENCY_KEY_LIFETIME", 7 * 24 * 3600, check=is_duration)

# Whether webhooks may call private addresses, and without TLS
WEBHOOK_ALLOW_PRIVATE = read(env.bool, "WEBHOOK_ALLOW_PRIVATE", False)
# Seconds for which notices are kept; and where e-mails go
NOTICE_LIFETIME = read(env.int, "NOTICE_LIFETIME", 30 * 24 * 3600, check=is_duration)
_mail = read_mail_settings()
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT, EMAIL_TIMEOUT = _mail.backend, _mail.host, _mail.port, 10
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.login
EMAIL_FILE_PATH, DEFAULT_FROM_EMAIL, SENDS_MAIL = _mail.folder, _mail.sender, _mail.is_on

# A form of an order has four fields a line. These bounds leave room for too many lines, so that our own sentence says
# so, and for a thousand of the longest ones.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024  # bytes

# Who carries out payments and shipments: classes by dotted path. The first gateway and the first carrier get what is
# new; what exists stays with the one that its row names. Stripe's gateway judges what STRIPE holds.
PAYMENT_GATEWAYS = read_list(
    "PAYMENT_GATEWAYS", "orders.payments.gateways.simulated.SimulatedGateway", check=are_dotted_paths
)
# Whether an approved order's payment method is charged, or what the customer authorised at the checkout is captured
PAYMENT_CAPTURE = read(env.str, "PAYMENT_CAPTURE", "charge", check=is_one_of("charge", "authorised"))
CARRIERS = read_list("CARRIERS", "orders.shipping.partners.simulated.SimulatedCarrier", check=are_dotted_paths)
# Where the simulated carrier finds the console; the local stack says it. And where people do, for links in e-mails
STACK_ADDRESS = read(env.str, "STACK_ADDRESS", "http://127.0.0.1:8000")
CONSOLE_URL = (read(env.str, "CONSOLE_URL", "", check=is_http_url_or_empty) or STACK_ADDRESS).rstrip("/")
# What signs the news of carriers; without one none is taken
CARRIER_WEBHOOK_SECRET = read(env.str, "CARRIER_WEBHOOK_SECRET", "")
STRIPE = read_all(("STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET"))
# Where SimulatedProcessGateway finds `manage.py simulatedgateway`
SIMULATED_GATEWAY_URL = read(env.str, "SIMULATED_GATEWAY_URL", "http://127.0.0.1:8420", check=is_http_url_or_empty)
# What signs the events of that program; without one none are taken
SIMULATED_GATEWAY_SECRET = read(env.str, "SIMULATED_GATEWAY_SECRET", "")
WAREHOUSE = read(env.str, "WAREHOUSE", "orders.shipping.partners.simulated.SimulatedWarehouse", check=is_dotted_path)

# The simulated outside world: the share of calls that fail, and that hang
FLAKY_FAIL_RATE = read(env.float, "FLAKY_FAIL_RATE", 0.0, check=is_rate)
FLAKY_HANG_RATE = read(env.float, "FLAKY_HANG_RATE", 0.0, check=is_rate)
if FLAKY_FAIL_RATE + FLAKY_HANG_RATE >= 1:
    raise ImproperlyConfigured("FLAKY_FAIL_RATE and FLAKY_HANG_RATE are wrong: together they must stay below 1.")

# PostgreSQL
DATABASE_URL = read(env.str, "DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/console", check=is_postgresql_url)
# Web processes keep one connection a thread; worker processes (`runworkers` sets this) share a pool.
DATABASE_POOL = read(env.bool, "DATABASE_POOL", False)
# Seconds that a statement may take, 0 for any: in a worker less than the 5 s of an activity attempt, so that none
# outlives the attempt that sent it. The web server sets its own; a migration takes what it takes.
DATABASE_STATEMENT_TIMEOUT = read(
    env.float, "DATABASE_STATEMENT_TIMEOUT", 4.0 if DATABASE_POOL else 0.0, check=is_duration_or_zero
)
# Seconds that one waits for what somebody else's transaction holds; below those of a statement, to be told apart.
DATABASE_LOCK_TIMEOUT = read(env.float, "DATABASE_LOCK_TIMEOUT", 3.0, check=is_duration_or_zero)
# Seconds that a transaction may stand idle, as when its program is stopped: then it is rolled back and its locks are
# free. No call within a transaction of ours takes longer than half of it.
DATABASE_IDLE_TIMEOUT = read(env.float, "DATABASE_IDLE_TIMEOUT", 10.0, check=is_duration_or_zero)
DATABASES = {
    "default": database_from_url(
        DATABASE_URL,
        with_pool=DATABASE_POOL,
        limits=Limits(DATABASE_STATEMENT_TIMEOUT, DATABASE_LOCK_TIMEOUT, DATABASE_IDLE_TIMEOUT),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Django
ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
INSTALLED_APPS = [
    "console",
    "orders",
    "workers",
    "console.accounts.apps.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    "axes",
]
MIDDLEWARE = [
    "console.responses.ResponseMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below whitenoise, whose files are compressed already. It adds random bytes, so that lengths tell nothing (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "console.accounts.access_log.RefusalLogMiddleware",
    "console.language.LanguageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "console.accounts.sessions.SessionLimitMiddleware",
    "console.access.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "console.responses.MethodMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["console.template_files.UnindentedLoader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
CSRF_FAILURE_VIEW = "console.system.errors.csrf_failure"
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "console" / "locale"]
LANGUAGE_OF_ACCOUNT = "console.accounts.personal_settings.read_language"
TIME_ZONE = "UTC"

# Accounts
AUTHENTICATION_BACKENDS = ["console.accounts.throttle.ThrottleBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "console.accounts.password_rules.ObviousPasswordValidator"},
]
SESSION_ENGINE = "console.accounts.session_store"
# The longest that a session may last; how long it may be idle is in console.accounts.sessions.
SESSION_COOKIE_AGE = 12 * 3600
# How many proxies stand before the web server and write X-Forwarded-For: so many of its entries can be trusted.
TRUSTED_PROXY_COUNT = read(env.int, "TRUSTED_PROXY_COUNT", 1 if HTTPS else 0, check=is_not_negative)
# Wrong passwords are counted by account and address together, so that nobody locks others out from elsewhere. While
# one has to wait nothing more is counted, so that the time that the page names stays true.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "console.accounts.addresses.throttled_address"
AXES_LOCKOUT_CALLABLE = "console.accounts.throttle.show_locked"
# What is kept of a form whose password was wrong; the log tells of everything else.
AXES_SENSITIVE_PARAMETERS = [
    *("username", "ip_address", "csrfmiddlewaretoken", "confirm_password"),
    *("old_password", "new_password1", "new_password2", "password1", "password2"),
]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Static files: whitenoise serves them with names that carry their content's hash
STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "console.static_files.HashedStaticFilesStorage"
    },
}

# Security
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}
SECURE_REFERRER_POLICY = "same-origin"
# Behind a proxy that ends TLS, HTTPS=true turns on secure cookies, the redirect and HSTS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

LOGGING = describe_logging(read(env.str, "LOG_LEVEL", "INFO", check=is_log_level))
