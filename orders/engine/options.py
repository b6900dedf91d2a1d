"""How this installation reaches its Temporal server, by the rules that all of Temporal's own programs go by.

The variables, and the profiles of a configuration file, are those that `temporalio.envconfig` documents; the `temporal`
program understands the same. What the SDK would pass over in silence is refused here, because a client that was meant
to speak TLS must never speak in the clear.
"""

import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from temporalio.envconfig import ClientConfigProfile
from temporalio.service import TLSConfig

# Beside these every TEMPORAL_GRPC_META_… is sent as a header.
VARIABLES: Final = (
    "TEMPORAL_ADDRESS",
    "TEMPORAL_NAMESPACE",
    "TEMPORAL_API_KEY",
    "TEMPORAL_TLS",
    "TEMPORAL_TLS_SERVER_NAME",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
    "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
    "TEMPORAL_TLS_CLIENT_CERT_PATH",
    "TEMPORAL_TLS_CLIENT_CERT_DATA",
    "TEMPORAL_TLS_CLIENT_KEY_PATH",
    "TEMPORAL_TLS_CLIENT_KEY_DATA",
    "TEMPORAL_CONFIG_FILE",
    "TEMPORAL_PROFILE",
)
PREFIX: Final = "TEMPORAL_"
UNVERIFIED: Final = "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"
# What the SDK takes TEMPORAL_TLS by; any other word would count as true.
YES_OR_NO: Final = frozenset({"true", "1", "false", "0"})
DEFAULT_ADDRESS: Final = "127.0.0.1:7233"
DEFAULT_NAMESPACE: Final = "default"


class WrongOption(ValueError):
    """An option cannot be meant as it is; `str(error)` is a sentence that names it, and no secret."""


@dataclass(frozen=True)
class TemporalOptions:
    """Where the server is, and as Client.connect takes them: API key, TLS and headers."""

    address: str = DEFAULT_ADDRESS
    namespace: str = DEFAULT_NAMESPACE
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_options(environment: Mapping[str, str]) -> TemporalOptions:
    """Read the options from the environment, and from the file that it names; an empty variable is not set.

    Without TEMPORAL_CONFIG_FILE the file is ~/.config/temporalio/temporal.toml, where there is one.
    Raises WrongOption.
    """
    # A key that was read from a file often has the end of its line with it.
    given = {name: value.strip() or value for name, value in environment.items() if name.startswith(PREFIX) and value}
    _check_variables(given)
    try:
        profile = ClientConfigProfile.load(override_env_vars=given, config_file_strict=True)
        _check_tls_is_meant(profile)
        connect: dict[str, Any] = {**profile.to_client_connect_config()}
    except OSError as error:
        raise WrongOption(f"{_name_of(error.filename, given)} is wrong: {error.filename} cannot be read.") from error
    except RuntimeError as error:  # the SDK's own ConfigError, which has no public name
        raise WrongOption(f"{_source_of(given)} is wrong: {' '.join(str(error).split())}") from error
    address, namespace = connect.pop("target_host", ""), connect.pop("namespace", "")
    _check_secrets(connect)
    return TemporalOptions(str(address or DEFAULT_ADDRESS), str(namespace or DEFAULT_NAMESPACE), connect)


def connect_arguments() -> dict[str, Any]:
    """Return the arguments of Client.connect that are the installation's own: the only place that knows them."""
    return {
        "target_host": settings.TEMPORAL_ADDRESS,
        "namespace": settings.TEMPORAL_NAMESPACE,
        **settings.TEMPORAL_SECRETS,
    }


def _check_variables(given: Mapping[str, str]) -> None:
    """Refuse what the SDK would read as something else, or not at all. Raises WrongOption."""
    if given.get("TEMPORAL_TLS", "true").lower() not in YES_OR_NO:
        raise WrongOption(f"TEMPORAL_TLS is wrong: {given['TEMPORAL_TLS']!r} is neither true nor false.")
    if given.get(UNVERIFIED, "false").lower() not in {"false", "0"}:
        raise WrongOption(
            f"{UNVERIFIED} is wrong: the server's certificate is always verified. Name the server with "
            "TEMPORAL_TLS_SERVER_NAME, and who signed its certificate with TEMPORAL_TLS_SERVER_CA_CERT_PATH."
        )
    for name in given:
        twin = name.removesuffix("_PATH") + "_DATA"
        if name.endswith("_PATH") and twin in given:
            raise WrongOption(f"{name} and {twin} are both set. Leave one of the two out.")
    file = given.get("TEMPORAL_CONFIG_FILE", os.devnull)
    if not Path(file).exists():
        raise WrongOption(f"TEMPORAL_CONFIG_FILE is wrong: there is no file {file}.")


def _check_tls_is_meant(profile: ClientConfigProfile) -> None:
    """Refuse TLS that is switched off beside what only TLS makes sense with. Raises WrongOption."""
    tls = profile.tls
    if tls is None or not tls.disabled:
        return
    if profile.api_key:
        raise WrongOption(
            "TEMPORAL_TLS is wrong: with TLS switched off, TEMPORAL_API_KEY would be sent in the clear. "
            "Leave one of the two out."
        )
    if any((tls.server_name, tls.server_root_ca_cert, tls.client_cert, tls.client_private_key)):
        raise WrongOption(
            "TEMPORAL_TLS is wrong: TLS is switched off, while a certificate or the server's name is given for it. "
            "Leave one of the two out."
        )


def _check_secrets(connect: Mapping[str, Any]) -> None:
    """Refuse secrets that no server could take. Raises WrongOption."""
    api_key, tls = str(connect.get("api_key", "")), connect.get("tls")
    if not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise WrongOption("TEMPORAL_API_KEY is wrong: it has characters that no key has.")
    if isinstance(tls, TLSConfig):
        _check_certificates(tls)


def _check_certificates(tls: TLSConfig) -> None:
    """Refuse what is no certificate, or no key to it. Raises WrongOption."""
    if tls.server_root_ca_cert is not None:
        try:
            ssl.create_default_context(cadata=tls.server_root_ca_cert.decode("ascii"))
        except (ssl.SSLError, ValueError) as error:
            raise WrongOption("TEMPORAL_TLS_SERVER_CA_CERT is wrong: it is no certificate in PEM.") from error
    if (tls.client_cert is None) != (tls.client_private_key is None):
        there, missing = ("CERT", "KEY") if tls.client_cert is not None else ("KEY", "CERT")
        raise WrongOption(
            f"TEMPORAL_TLS_CLIENT_{missing} is not set, and TEMPORAL_TLS_CLIENT_{there} is: each needs the other. "
            "Set both as …_PATH or as …_DATA."
        )
    if tls.client_cert is not None and tls.client_private_key is not None:
        _check_pair(tls.client_cert, tls.client_private_key)


def _check_pair(certificate: bytes, key: bytes) -> None:
    """Refuse a key that is none, has a passphrase, or belongs to another certificate. Raises WrongOption."""
    with tempfile.TemporaryDirectory() as folder:  # which nobody else may enter; Python loads a pair from files alone
        certificate_file, key_file = Path(folder, "certificate"), Path(folder, "key")
        certificate_file.write_bytes(certificate)
        key_file.write_bytes(key)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate_file, key_file, password=lambda: "")
        except (ssl.SSLError, ValueError) as error:
            raise WrongOption(
                "TEMPORAL_TLS_CLIENT_CERT and TEMPORAL_TLS_CLIENT_KEY are wrong: they are no certificate with its key, "
                "in PEM and without a passphrase."
            ) from error


def _name_of(file: str, given: Mapping[str, str]) -> str:
    """Return the variable that names the file; where none does, a profile does."""
    return next((name for name in VARIABLES if given.get(name) == file), _source_of(given))


def _source_of(given: Mapping[str, str]) -> str:
    """Return what a person has to look at, when an option is not a variable's own."""
    named = [name for name in ("TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE") if name in given]
    return named[0] if named else "The configuration of Temporal"
