"""orders.engine.options: what the environment and its file say of Temporal, and what is refused with a sentence."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio.service import TLSConfig

from orders.engine.options import UNVERIFIED, WrongOption, read_options
from tests.certificates import Certificates, make_certificates

NO_FILE = {"TEMPORAL_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Return a function that writes a configuration file, and returns the variable that names it."""

    def write(text: str) -> dict[str, str]:
        path = tmp_path / "temporal.toml"
        path.write_text(text)
        return {"TEMPORAL_CONFIG_FILE": str(path)}

    return write


class TestReading:
    def test_without_anything_it_is_the_server_of_this_machine_in_the_clear(self) -> None:
        options = read_options(NO_FILE)
        assert (options.address, options.namespace, options.secrets) == ("127.0.0.1:7233", "default", {})

    def test_empty_variables_are_not_set(self) -> None:
        names = ("API_KEY", "TLS", "ADDRESS", "PROFILE", "TLS_CLIENT_CERT_PATH", "TLS_SERVER_NAME", "NAMESPACE")
        assert read_options(NO_FILE | {f"TEMPORAL_{name}": "" for name in names}) == read_options(NO_FILE)

    def test_an_api_key_brings_tls_and_loses_the_end_of_its_line(self) -> None:
        options = read_options(NO_FILE | {"TEMPORAL_API_KEY": "secret\n", "TEMPORAL_ADDRESS": "eu.example.com:7233"})
        assert options.secrets == {"api_key": "secret", "tls": True}
        assert options.address == "eu.example.com:7233"
        assert "secret" not in repr(options)

    @pytest.mark.parametrize("variables", [{"TEMPORAL_TLS": "true"}, {"TEMPORAL_TLS": "1"}, {"TEMPORAL_TLS": "TRUE"}])
    def test_tls_can_be_asked_for_alone(self, variables: dict[str, str]) -> None:
        assert isinstance(read_options(NO_FILE | variables).secrets["tls"], TLSConfig)

    def test_tls_can_be_switched_off(self) -> None:
        assert read_options(NO_FILE | {"TEMPORAL_TLS": "false"}).secrets == {"tls": False}

    @pytest.mark.parametrize("way", ["PATH", "DATA"])
    def test_certificates_come_from_files_or_as_they_are(self, way: str, certificates: Certificates) -> None:
        files = {"SERVER_CA_CERT": "ca.pem", "CLIENT_CERT": "client.pem", "CLIENT_KEY": "client.key"}
        paths = {name: certificates.folder / file for name, file in files.items()}
        variables = {
            f"TEMPORAL_TLS_{name}_{way}": str(path) if way == "PATH" else path.read_text()
            for name, path in paths.items()
        }
        tls = read_options(NO_FILE | variables | {"TEMPORAL_TLS_SERVER_NAME": "temporal.test"}).secrets["tls"]
        given = [tls.server_root_ca_cert, tls.client_cert, tls.client_private_key]
        assert [text.strip() for text in given] == [path.read_bytes().strip() for path in paths.values()]
        assert tls.domain == "temporal.test"

    def test_headers_are_passed_on(self) -> None:
        options = read_options(NO_FILE | {"TEMPORAL_GRPC_META_X_TEAM": "desk"})
        assert options.secrets == {"rpc_metadata": {"x-team": "desk"}}

    def test_a_profile_is_found_and_variables_count_before_it(
        self, write_file: Callable[[str], dict[str, str]]
    ) -> None:
        file = write_file(
            '[profile.default]\naddress = "one.example.com:7233"\n'
            '[profile.cloud]\naddress = "two.example.com:7233"\nnamespace = "desk.a1b2c"\napi_key = "from-the-file"\n'
        )
        assert read_options(file).address == "one.example.com:7233"
        options = read_options(file | {"TEMPORAL_PROFILE": "cloud", "TEMPORAL_API_KEY": "from-the-shell"})
        assert (options.address, options.namespace) == ("two.example.com:7233", "desk.a1b2c")
        assert options.secrets == {"api_key": "from-the-shell", "tls": True}


class TestRefusing:
    @pytest.mark.parametrize(
        ("variables", "sentence"),
        [
            ({"TEMPORAL_TLS": "maybe"}, "TEMPORAL_TLS is wrong: 'maybe' is neither true nor false."),
            ({"TEMPORAL_TLS": "yes"}, "TEMPORAL_TLS is wrong: 'yes' is neither true nor false."),
            ({UNVERIFIED: "true"}, f"{UNVERIFIED} is wrong: the server's certificate is always verified."),
            ({"TEMPORAL_CONFIG_FILE": "/nowhere"}, "TEMPORAL_CONFIG_FILE is wrong: there is no file /nowhere."),
            ({"TEMPORAL_CONFIG_FILE": "/"}, "TEMPORAL_CONFIG_FILE is wrong: "),
            ({"TEMPORAL_PROFILE": "cloud"}, "TEMPORAL_PROFILE is wrong: Profile 'cloud' not found"),
            ({"TEMPORAL_API_KEY": "two\nlines"}, "TEMPORAL_API_KEY is wrong: it has characters that no key has."),
            ({"TEMPORAL_API_KEY": "ключ"}, "TEMPORAL_API_KEY is wrong: it has characters that no key has."),
            ({"TEMPORAL_API_KEY": " "}, "TEMPORAL_API_KEY is wrong: it has characters that no key has."),
            (
                {"TEMPORAL_API_KEY": "secret", "TEMPORAL_TLS": "false"},
                "TEMPORAL_TLS is wrong: with TLS switched off, TEMPORAL_API_KEY would be sent in the clear.",
            ),
            (
                {"TEMPORAL_TLS_SERVER_NAME": "temporal.test", "TEMPORAL_TLS": "0"},
                "TEMPORAL_TLS is wrong: TLS is switched off, while a certificate or the server's name is given",
            ),
            (
                {"TEMPORAL_TLS_SERVER_CA_CERT_PATH": "/nowhere/ca.pem"},
                "TEMPORAL_TLS_SERVER_CA_CERT_PATH is wrong: /nowhere/ca.pem cannot be read.",
            ),
            (
                {"TEMPORAL_TLS_SERVER_CA_CERT_DATA": "no certificate"},
                "TEMPORAL_TLS_SERVER_CA_CERT is wrong: it is no certificate in PEM.",
            ),
            (
                {"TEMPORAL_TLS_SERVER_CA_CERT_PATH": "a", "TEMPORAL_TLS_SERVER_CA_CERT_DATA": "b"},
                "TEMPORAL_TLS_SERVER_CA_CERT_PATH and TEMPORAL_TLS_SERVER_CA_CERT_DATA are both set.",
            ),
            (
                {"TEMPORAL_TLS_CLIENT_CERT_DATA": "x"},
                "TEMPORAL_TLS_CLIENT_KEY is not set, and TEMPORAL_TLS_CLIENT_CERT is",
            ),
            (
                {"TEMPORAL_TLS_CLIENT_KEY_DATA": "x"},
                "TEMPORAL_TLS_CLIENT_CERT is not set, and TEMPORAL_TLS_CLIENT_KEY is",
            ),
            (
                {"TEMPORAL_TLS_CLIENT_CERT_DATA": "x", "TEMPORAL_TLS_CLIENT_KEY_DATA": "y"},
                "TEMPORAL_TLS_CLIENT_CERT and TEMPORAL_TLS_CLIENT_KEY are wrong",
            ),
        ],
    )
    def test_what_cannot_be_meant_is_refused_in_a_sentence(self, variables: dict[str, str], sentence: str) -> None:
        with pytest.raises(WrongOption) as caught:
            read_options(NO_FILE | variables)
        said = str(caught.value)
        assert said.startswith(sentence)
        assert "\n" not in said
        assert "secret" not in said

    def test_a_key_that_belongs_to_another_certificate_or_has_a_passphrase(self, certificates: Certificates) -> None:
        folder = certificates.folder
        subprocess.run(
            ["openssl", "ec", "-in", "client.key", "-aes256", "-passout", "pass:words", "-out", "locked.key"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        for key in ("server.key", "locked.key"):
            variables = {
                "TEMPORAL_TLS_CLIENT_CERT_PATH": str(folder / "client.pem"),
                "TEMPORAL_TLS_CLIENT_KEY_PATH": str(folder / key),
            }
            with pytest.raises(WrongOption, match="no certificate with its key"):
                read_options(NO_FILE | variables)

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("not = = toml", "TEMPORAL_CONFIG_FILE is wrong: "),
            ('[profile.default.tsl]\nserver_name = "x"\n', "TEMPORAL_CONFIG_FILE is wrong: .*unknown field `tsl`"),
            ('[profile.default]\napi_key = "k"\n[profile.default.tls]\ndisabled = true\n', "TEMPORAL_TLS is wrong: "),
            ('[profile.default.tls]\ndisabled = true\nserver_name = "x"\n', "TEMPORAL_TLS is wrong: "),
        ],
    )
    def test_a_file_with_a_mistake_never_means_the_clear(
        self, write_file: Callable[[str], dict[str, str]], text: str, sentence: str
    ) -> None:
        with pytest.raises(WrongOption, match=sentence):
            read_options(write_file(text))

    def test_tls_that_a_file_switches_off_and_the_shell_wants(
        self, write_file: Callable[[str], dict[str, str]]
    ) -> None:
        file = write_file("[profile.default.tls]\ndisabled = true\n")
        with pytest.raises(WrongOption, match="TEMPORAL_API_KEY would be sent in the clear"):
            read_options(file | {"TEMPORAL_API_KEY": "key"})
