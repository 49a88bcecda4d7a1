"""Keys and certificates of a cluster, signed by authorities of its own.

There are two authorities: one for servers, one for members. A member's certificate is worth nothing between servers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from aion.extras import need

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 730
EARLY = timedelta(hours=1)
"""By which a certificate is valid before it is made: clocks differ."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, as PEM."""

    certificate: bytes
    key: bytes


def make_authority(name: str, now: datetime) -> Pair:
    """Return an authority that signs for ten years.

    Raises:
        ConfigError: the package cryptography is not installed.
    """
    key = _key()
    return _pair(_signed(_builder(name, key, now, AUTHORITY_DAYS), key, key, name, is_authority=True), key)


def make_certificate(authority: Pair, name: str, now: datetime, host: str = "") -> Pair:
    """Return a certificate for two years.

    Args:
        authority: that signs it.
        name: its common name.
        now: time of the clock.
        host: name or address of a server; empty for a member.
    """
    x509, serialization = need("cryptography.x509", "cluster"), _serialization()
    signer = x509.load_pem_x509_certificate(authority.certificate)
    key = _key()
    builder = _builder(name, key, now, CERTIFICATE_DAYS)
    uses = [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    if host:
        uses.append(x509.oid.ExtendedKeyUsageOID.SERVER_AUTH)
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host)]), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    secret = serialization.load_pem_private_key(authority.key, None)
    issuer = signer.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    return _pair(_signed(builder, key, secret, issuer, is_authority=False), key)


def ends_at(certificate: bytes) -> datetime:
    """Return when a certificate (PEM) expires, in UTC."""
    found: datetime = need("cryptography.x509", "cluster").load_pem_x509_certificate(certificate).not_valid_after_utc
    return found


def _key() -> Any:
    elliptic = need("cryptography.hazmat.primitives.asymmetric.ec", "cluster")
    return elliptic.generate_private_key(elliptic.SECP256R1())


def _serialization() -> Any:
    return need("cryptography.hazmat.primitives.serialization", "cluster")


def _name(name: str) -> Any:
    x509 = need("cryptography.x509", "cluster")
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _host(host: str) -> Any:
    x509 = need("cryptography.x509", "cluster")
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(name: str, key: Any, now: datetime, days: int) -> Any:
    x509 = need("cryptography.x509", "cluster")
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLY)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signed(builder: Any, key: Any, signer: Any, issuer: str, *, is_authority: bool) -> Any:
    x509, hashes = need("cryptography.x509", "cluster"), need("cryptography.hazmat.primitives.hashes", "cluster")
    signs = dict.fromkeys(("key_cert_sign", "crl_sign"), is_authority)
    never = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    return (
        builder.issuer_name(_name(issuer))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not is_authority, **signs, **never), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _pair(certificate: Any, key: Any) -> Pair:
    serialization = _serialization()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(certificate.public_bytes(pem), private)
