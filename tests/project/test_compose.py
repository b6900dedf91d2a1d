"""The files for production: what docker-compose.yml, Dockerfile and .env.example promise, without a Docker engine."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from console.bind import allowed_host_header
from console.stack.postgres import WITHOUT_ROWS
from orders.contracts import SEARCH_ATTRIBUTES
from orders.engine.options import VARIABLES
from tests.programs import ROOT
from tests.project.test_proxy import FILE as PROXY_FILE

COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
# ${NAME}, ${NAME-…}, ${NAME:-…} and ${NAME:?…}, but not $${…}
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(:?[-?])?([^}]*)\}")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
    return services


def test_it_has_every_part(services: dict[str, dict[str, Any]]) -> None:
    parts = {
        "postgres",
        "temporal-schema",
        "temporal",
        "temporal-namespace",
        "temporal-ui",
        "migrate",
        "web",
        "proxy",
        "workers",
    }
    assert services.keys() == parts


def test_every_image_is_pinned(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if "build" not in service:
            assert re.fullmatch(r"[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", service["image"]), name
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+", image)


def test_the_proxy_alone_is_reached_from_other_machines(services: dict[str, dict[str, Any]]) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert ports.keys() == {"proxy", "temporal", "temporal-ui"}
    assert all(port.startswith("127.0.0.1:") for name in ("temporal", "temporal-ui") for port in ports[name])


def test_networks_are_apart(services: dict[str, dict[str, Any]]) -> None:
    networks = yaml.safe_load(COMPOSE)["networks"]
    members = {network: {name for name in services if network in services[name]["networks"]} for network in networks}
    assert members == {
        "front": {"proxy", "web"},
        "engine": {"temporal", "temporal-namespace", "temporal-ui", "web", "workers"},
        "database": {"postgres", "temporal-schema", "temporal", "migrate", "web", "workers"},
    }
    assert networks["database"]["internal"], "nothing outside reaches the database, and it reaches nothing outside"
    # A port is published from a network that is not internal.
    for name, service in services.items():
        published_from = [network for network in service["networks"] if not (networks[network] or {}).get("internal")]
        assert published_from or "ports" not in service, name


def test_everything_has_its_limits(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert limits.keys() == {"memory", "pids"}, name


def test_everything_that_stays_is_looked_after(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if service["restart"] == "unless-stopped" and name != "web":  # the image has the web's check
            assert service["healthcheck"]["test"][0] == "CMD", name
            assert {"interval", "timeout", "retries"} <= service["healthcheck"].keys(), name


def test_the_web_ui_of_temporal_only_shows(services: dict[str, dict[str, Any]]) -> None:
    environment = services["temporal-ui"]["environment"]
    assert environment["TEMPORAL_DISABLE_WRITE_ACTIONS"] == "true"
    assert "postgres" not in str(environment)


def test_the_log_of_postgresql_repeats_no_rows(services: dict[str, dict[str, Any]]) -> None:
    assert {f"-c{name}={value}" for name, value in WITHOUT_ROWS.items()} <= set(services["postgres"]["command"])


def test_the_proxy_mounts_the_file_that_is_tried(services: dict[str, dict[str, Any]]) -> None:
    compose, proxy = yaml.safe_load(COMPOSE), services["proxy"]
    assert proxy["configs"] == [{"source": "proxy", "target": "/etc/nginx/nginx.conf"}]
    assert ROOT / compose["configs"]["proxy"]["file"] == PROXY_FILE
    text = PROXY_FILE.read_text()
    inner_ports = [port.rpartition(":")[2] for port in proxy["ports"]]
    assert re.findall(r"listen (\d+)", text) == inner_ports
    assert {f"/run/secrets/{name}" for name in proxy["secrets"]} == set(re.findall(r"/run/secrets/\w+", text))
    assert compose["secrets"].keys() == set(proxy["secrets"])
    assert "http://web:8000" in text
    assert services["web"]["environment"]["HTTPS"] == "true"
    assert "location = /proxy/live" in text
    assert proxy["healthcheck"]["test"][-1] == f"http://127.0.0.1:{inner_ports[0]}/proxy/live"


def test_every_service_is_started_again_or_done(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        is_one_shot = name in {"temporal-schema", "temporal-namespace", "migrate"}
        assert service["restart"].startswith("on-failure") if is_one_shot else service["restart"] == "unless-stopped"


def test_decide_wait_for_what_they_need(services: dict[str, dict[str, Any]]) -> None:
    needs = {name: service.get("depends_on", {}) for name, service in services.items()}
    for name, needed in needs.items():
        for other, how in needed.items():
            if how["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"], f"{name} waits for the health of {other}"
            else:
                assert services[other]["restart"].startswith("on-failure"), f"{name} waits for the end of {other}"
    assert needs["web"].keys() == {"migrate"}
    assert needs["workers"].keys() == {"migrate", "temporal-namespace"}


def test_nothing_secret_has_a_default_and_what_is_missing_is_named() -> None:
    required = {
        name for name, kind, sentence in VARIABLE.findall(COMPOSE) if kind == ":?" and sentence.startswith("Set ")
    }
    assert required == {
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "TLS_CERTIFICATE",
        "TLS_KEY",
        "POSTGRES_PASSWORD",
        "CONSOLE_APP_DB_PASSWORD",
        "CONSOLE_DB_PASSWORD",
        "TEMPORAL_DB_PASSWORD",
    }
    with_default = {name for name, kind, _ in VARIABLE.findall(COMPOSE) if kind.endswith("-")}
    assert not required & with_default


def test_the_example_has_every_variable_and_no_secret() -> None:
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert given.keys() == {name for name, _, _ in VARIABLE.findall(COMPOSE)}
    empty = {name for name, value in given.items() if not value}
    assert empty == {
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        *(f"CONSOLE_{name}" for name in VARIABLES if name not in {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}),
        "DATABASE_STATEMENT_TIMEOUT",
        "GUNICORN_CMD_ARGS",
        "SECRET_KEY_FALLBACKS",
        "CARRIER_WEBHOOK_SECRET",
        "SIMULATED_GATEWAY_SECRET",
        *("CONSOLE_URL", "EMAIL_HOST", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"),
        "STRIPE_API_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "TLS_CERTIFICATE",
        "TLS_KEY",
        "TRUSTED_PROXY_COUNT",
        "POSTGRES_PASSWORD",
        "CONSOLE_APP_DB_PASSWORD",
        "CONSOLE_DB_PASSWORD",
        "TEMPORAL_DB_PASSWORD",
    }
    defaults = {name: default for name, kind, default in VARIABLE.findall(COMPOSE) if kind.endswith("-")}
    assert {name: given[name] for name in defaults} == defaults


def documented_settings(page: str) -> set[str]:
    """Return the names in the first column of the page's table of settings."""
    text = (ROOT / page).read_text()
    table = text[re.search(r"^#+ Settings$", text, re.MULTILINE).end() :].split("| --- |")[-1]  # type: ignore[union-attr]
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \|", table.split("\n## ")[0].split("\n### ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}


def settings_read() -> set[str]:
    """Return the names of the variables that the console reads from its environment, wherever it does so."""
    reading = re.compile(
        r"""\bread(?:_list)?\((?:\s*env\.\w+,)?\s*"([A-Z_]+)"|environ(?:\.get\(|\.setdefault\(|\[)"([A-Z_]+)\""""
    )
    sources = [path for app in ("console", "orders", "workers") for path in (ROOT / app).rglob("*.py")]
    found = {
        name
        for path in sources
        if not path.is_relative_to(ROOT / "console" / "stack") and path.name != "runstack.py"
        for names in reading.findall(path.read_text())
        for name in names
        if name
    }
    listed = re.findall(r"read_all\(\(([^)]*)\)", (ROOT / "console" / "settings.py").read_text())
    found |= set(re.findall(r'"([A-Z_]+)"', " ".join(listed)))
    return (found | set(VARIABLES)) - {"DJANGO_SETTINGS_MODULE"}


# The workers' own choice, which nobody makes for them, and what the local stack says to its programs.
INTERNAL = {"DATABASE_POOL", "STACK_ADDRESS", "EMAIL_FOLDER"}
# Read by gunicorn itself.
OF_GUNICORN = {"GUNICORN_CMD_ARGS"}
# Not to be changed in the image: its files and its port are where they are, and DEBUG, and what needs it, have no place
# in production.
OF_THE_IMAGE = {"STATIC_ROOT", "BIND", "DEBUG", "STRIPE_API_BASE"}


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    assert documented_settings("docs/operations.md") - OF_GUNICORN == settings_read() - INTERNAL


def test_there_is_one_table_of_settings() -> None:
    """Two tables of the same disagree one day."""
    assert documented_settings("README.md") == set()
    assert "docs/operations.md#settings" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", ["web", "workers", "migrate"])
def test_compose_passes_every_documented_setting_on(name: str, services: dict[str, dict[str, Any]]) -> None:
    assert services[name]["environment"].keys() == documented_settings("docs/operations.md") - OF_THE_IMAGE


def test_the_console_runs_without_rights(services: dict[str, dict[str, Any]]) -> None:
    for name in ("web", "workers", "migrate", "proxy"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    assert re.search(r"^USER 10001$", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.rstrip().splitlines()[-1].startswith('CMD ["gunicorn"')
    assert "HEALTHCHECK" in DOCKERFILE


def test_the_image_has_no_developers_tools() -> None:
    assert re.findall(r"requirements[\w-]*\.txt", DOCKERFILE) == ["requirements-runtime.txt"] * 2
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert {line for line in ignored if line.startswith("console/")} == {
        "console/management/commands/runstack.py",
        "console/stack",
    }
    for line in ignored:
        if line.startswith(("!", "console/")):
            assert (ROOT / line.removeprefix("!")).exists()


def test_the_programs_do_not_own_the_tables(services: dict[str, dict[str, Any]]) -> None:
    roles = {
        name: service["environment"]["DATABASE_URL"].removeprefix("postgresql://").partition(":")[0]
        for name, service in services.items()
        if "DATABASE_URL" in service.get("environment", {})
    }
    assert roles == {"migrate": "console", "web": "console_app", "workers": "console_app"}
    assert services["postgres"]["configs"][0]["target"].startswith("/docker-entrypoint-initdb.d/")
    assert yaml.safe_load(COMPOSE)["configs"]["postgres-roles"] == {"file": "./database/roles.sh"}
    assert {"CONSOLE_DB_PASSWORD", "CONSOLE_APP_DB_PASSWORD"} <= services["postgres"]["environment"].keys()


def test_temporal_gets_every_search_attribute(services: dict[str, dict[str, Any]]) -> None:
    script = services["temporal-namespace"]["command"][0]
    assert dict(re.findall(r"--name (\w+) --type (\w+)", script)) == SEARCH_ATTRIBUTES


@pytest.mark.parametrize("name", ["temporal-schema", "temporal-namespace"])
def test_the_scripts_inside_are_shell(name: str, services: dict[str, dict[str, Any]]) -> None:
    script = services[name]["command"][0]
    result = subprocess.run(["sh", "-n"], input=script.replace("$$", "$"), capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("hosts", "header"),
    [
        ("console.example.com,other.example.com", "console.example.com"),
        (".example.com", "example.com"),
        (" , console.example.com , other", "console.example.com"),
        ("*", "localhost"),
        ("", "localhost"),
    ],
)
def test_the_probe_asks_as_a_host_that_is_allowed(hosts: str, header: str) -> None:
    assert allowed_host_header(hosts) == header
