"""A database that is reached by TLS is the right one, or is not reached: with a real server and real certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.exc import OperationalError

from server import db
from server.errors import StartupError
from tests.fixtures.databases import mysql_running, settings_for


class Authority:
    """Signs certificates of servers. Its own is in ``certificate``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, folder.name)])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        own = self._begun(self._name, self._key).add_extension(x509.BasicConstraints(True, 0), critical=True)
        signed = own.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = self._written("ca.pem", signed.public_bytes(serialization.Encoding.PEM))

    def options(self, address: str) -> list[str]:
        """With which MariaDB shows a certificate for that IP address."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        begun = self._begun(x509.Name([]), key).add_extension(names, critical=True)
        signed = begun.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())
        certificate = self._written("server.pem", signed.public_bytes(serialization.Encoding.PEM))
        secret = self._written(
            "server.key",
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
        return [f"--ssl-cert={certificate}", f"--ssl-key={secret}"]

    def _begun(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        begun = x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        today = datetime.now(UTC)
        dated = begun.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
        return dated.add_extension(identifier, critical=False)

    def _written(self, name: str, text: bytes) -> Path:
        (self._folder / name).write_bytes(text)
        return self._folder / name


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "ours")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[str]:
    with mysql_running(*authority.options("127.0.0.1")) as url:
        yield f"{url}/mysql"


def cipher(url: str, folder: Path, **settings: object) -> str:
    """Of a connection as the server has it; "" without TLS."""
    with db.engine_for(settings_for(url, folder, **settings)) as engine, engine.connect() as connection:
        return str(connection.exec_driver_sql("SHOW STATUS LIKE 'Ssl_cipher'").one()[1])


@pytest.mark.mysql
class TestConnecting:
    def test_the_right_server(self, server: str, authority: Authority, tmp_path: Path) -> None:
        assert cipher(server, tmp_path, database_tls=True, database_ca=authority.certificate)
        assert not cipher(server, tmp_path)

    def test_a_certificate_of_an_authority_that_nobody_knows(self, server: str, tmp_path: Path) -> None:
        """The system's own authorities are asked where none is named."""
        with pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
            cipher(server, tmp_path, database_tls=True)

    def test_a_certificate_of_another_authority(self, server: str, tmp_path: Path) -> None:
        other = Authority(tmp_path / "theirs").certificate
        with pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
            cipher(server, tmp_path, database_tls=True, database_ca=other)

    def test_a_certificate_of_another_server(self, authority: Authority, tmp_path: Path) -> None:
        with (
            mysql_running(*authority.options("127.0.0.2")) as url,
            pytest.raises(OperationalError, match="IP address mismatch"),
        ):
            cipher(f"{url}/mysql", tmp_path, database_tls=True, database_ca=authority.certificate)

    def test_a_server_without_tls(self, authority: Authority, tmp_path: Path) -> None:
        """There is no falling back to plain text: that is what somebody in between would make it do."""
        with mysql_running("--skip-ssl") as url, pytest.raises(OperationalError, match="server doesn't support"):
            cipher(f"{url}/mysql", tmp_path, database_tls=True, database_ca=authority.certificate)


@pytest.mark.parametrize(
    ("url", "settings", "told"),
    [
        (
            "mysql://db/parley",
            {"database_ca": "ca.pem"},
            "PARLEY_DATABASE_CA is set, but PARLEY_DATABASE_TLS is not: set it to true.",
        ),
        (
            "mysql://db/parley",
            {"database_ca": "ca.pem", "database_tls": True},
            "PARLEY_DATABASE_CA: ca.pem cannot be read (No such file or directory).",
        ),
        (
            "mysql://db/parley",
            {"database_ca": "/dev/null", "database_tls": True},
            "PARLEY_DATABASE_CA: /dev/null cannot be read (it holds no certificate).",
        ),
        (
            "mysql://db/parley?ssl_ca=/ca.pem",
            {},
            "PARLEY_DATABASE_URL: TLS is set by PARLEY_DATABASE_TLS and PARLEY_DATABASE_CA, not in the address.",
        ),
    ],
)
def test_settings_that_would_not_do_what_they_say(
    url: str, settings: dict[str, object], told: str, tmp_path: Path
) -> None:
    with pytest.raises(StartupError) as caught, db.engine_for(settings_for(url, tmp_path, **settings)):
        pass
    assert str(caught.value) == told
