"""Certificates from an authority for a test, for brokers and for clients."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Certificate(NamedTuple):
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


class Authority:
    """A certificate authority. certificate: its own, as PEM."""

    def __init__(self) -> None:
        self._signs = trustme.CA()
        self.certificate = self._signs.cert_pem.bytes().decode()

    def sign(self, name: str) -> Certificate:
        """Return a certificate of the host or of the client `name`."""
        signed = self._signs.issue_cert(name, common_name=name)
        certificate = "".join(part.bytes().decode() for part in signed.cert_chain_pems)
        # Java reads keys in this form only.
        key = load_pem_private_key(signed.private_key_pem.bytes(), None)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Certificate(certificate, pem.decode())


def written(folder: Path, name: str, text: str) -> Path:
    """Write `text` to a file of that name, and return it."""
    path = folder / name
    path.write_text(text, "utf-8")
    return path
