"""The key that evidence is signed with: Ed25519, its seed in a file that nobody else may read."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from storage.recordings.sealing import make_secret, read_secret

NAME = "evidence.key"


class SigningKey:
    """One key in a directory, made when it is first needed."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME

    def __repr__(self) -> str:
        return f"<SigningKey {self._path}>"

    def public(self) -> str:
        """Return the public key in hex. Raises SettingsError, OSError."""
        return self._key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, message: bytes) -> str:
        """Return a message's signature in hex. Raises SettingsError, OSError."""
        return self._key().sign(message).hex()

    def _key(self) -> Ed25519PrivateKey:
        if not self._path.exists():
            make_secret(self._path)
        return Ed25519PrivateKey.from_private_bytes(read_secret(self._path, "evidence is signed with it"))
