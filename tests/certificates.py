"""Certificates for tests, made by openssl: an authority, a server and a client that it vouches for, and a stranger."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVER_NAME = "temporal.test"
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@dataclass(frozen=True)
class Certificates:
    """A folder with ca.pem, and with server, client and stranger as .pem and .key; the stranger is self-signed."""

    folder: Path

    def client(self, name: str = "client") -> dict[str, str]:
        """Return the variables by which a client shows the certificate `name` and trusts the authority."""
        return {
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(self.folder / "ca.pem"),
            "TEMPORAL_TLS_SERVER_NAME": SERVER_NAME,
            "TEMPORAL_TLS_CLIENT_CERT_PATH": str(self.folder / f"{name}.pem"),
            "TEMPORAL_TLS_CLIENT_KEY_PATH": str(self.folder / f"{name}.key"),
        }


def make_certificates(folder: Path) -> Certificates:
    """Make all of them in `folder`."""

    def make(name: str, *options: str) -> None:
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
        command = ["openssl", "req", "-x509", "-days", "2", "-subj", f"/CN={name}", *key, "-out", f"{name}.pem"]
        subprocess.run([*command, *options], cwd=folder, check=True, capture_output=True)

    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
    make("ca")
    make("server", *signed, "-addext", f"subjectAltName=DNS:{SERVER_NAME}")
    make("client", *signed)
    make("stranger")
    return Certificates(folder)
