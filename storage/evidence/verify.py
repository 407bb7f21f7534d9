#!/usr/bin/env python3
"""Verify an archive of evidence with nothing but Python 3.8 or newer: hashes, and the Ed25519 signature (RFC 8032).

    python3 verify.py ARCHIVE.zip [--key PUBLIC_KEY_IN_HEX]

An archive may also be named as the directory it was unpacked to. Exit 0 where all is well, 1 where anything is not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any, Iterator

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
CHUNK = 1 << 20

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def _x_of(y: int, odd: int) -> int | None:
    """Return the x of a point, None where there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and odd):
        return None
    return P - x if (x & 1) != odd else x


def _point(data: bytes) -> tuple[int, int, int, int] | None:
    """Return the point that 32 bytes stand for, None where they stand for none."""
    y = int.from_bytes(data, "little")
    odd, y = y >> 255, y & ((1 << 255) - 1)
    x = _x_of(y, odd) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _add(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(number: int, point: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point, number = _add(point, point), number >> 1
    return total


def _same(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature (64 bytes) is a message's under a public key (32 bytes)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = _point(public), _point(signature[:32])
    answer = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or answer >= Q:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    return _same(_times(answer, BASE), _add(commitment, _times(challenge, key)))


class Archive:
    """The members of a ZIP file, or of the directory that it was unpacked to."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.zip = None if self.path.is_dir() else zipfile.ZipFile(self.path)

    def __repr__(self) -> str:
        return f"<Archive {self.path}>"

    def names(self) -> list[str]:
        """Return the members' names, one twice where it is there twice."""
        if self.zip is not None:
            return [one.filename for one in self.zip.infolist()]
        found = (one for one in self.path.rglob("*") if one.is_file())
        return [one.relative_to(self.path).as_posix() for one in found]

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes. Raises OSError, zipfile.BadZipFile where they are damaged."""
        with self.zip.open(name) if self.zip is not None else (self.path / name).open("rb") as member:
            while True:
                piece = member.read(CHUNK)
                if not piece:
                    return
                yield piece


def hash_of(archive: Archive, name: str, algorithm: str) -> tuple[str, int]:
    """Return a member's hash in hex, and its size."""
    digest, size = hashlib.new(algorithm), 0
    for piece in archive.pieces(name):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def faults(archive: Archive, expected_key: str = "") -> Iterator[str]:
    """Yield what is wrong with an archive, a line each."""
    names = archive.names()
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: there twice"
    missing = [name for name in (MANIFEST, SIGNATURE) if name not in names]
    if missing:
        yield from (f"{name}: missing" for name in missing)
        return
    raw = b"".join(archive.pieces(MANIFEST))
    try:
        text = b"".join(archive.pieces(SIGNATURE)).decode("ascii")
        signature = bytes.fromhex(text)
        manifest = json.loads(raw)
        public = bytes.fromhex(manifest["public_key"])
        members = {one["name"]: one for one in manifest["members"]}
        recordings = manifest["recordings"]
    except (ValueError, KeyError, TypeError) as error:
        yield f"{MANIFEST} or {SIGNATURE}: cannot be read: {error}"
        return
    if text != signature.hex() + "\n" or not signed(public, raw, signature):
        yield f"{MANIFEST}: the signature is not of this content and key"
    if expected_key and public.hex() != expected_key.strip().lower():
        yield f"{MANIFEST}: signed by the key {public.hex()}, not by the one that was expected"
    for name in sorted(set(names) - set(members) - {MANIFEST, SIGNATURE}):
        yield f"{name}: not in the manifest"
    for name, member in members.items():
        yield from _member_faults(archive, names, name, member)
    for one in recordings:
        yield from _recording_faults(archive, names, one)


def _member_faults(archive: Archive, names: list[str], name: str, member: dict[str, Any]) -> Iterator[str]:
    if name not in names:
        yield f"{name}: missing"
        return
    try:
        digest, size = hash_of(archive, name, "sha256")
    except Exception as error:  # whatever a damaged file brings about
        yield f"{name}: cannot be read: {error}"
        return
    if (digest, size) != (member.get("sha256"), member.get("size")):
        yield f"{name}: changed"


def _recording_faults(archive: Archive, names: list[str], one: dict[str, Any]) -> Iterator[str]:
    """Yield where what is played is not what was sealed when the call ended."""
    name = one.get("member")
    if not name or name not in names or one.get("hash") not in hashlib.algorithms_available:
        return
    try:
        digest, _ = hash_of(archive, name, one["hash"])
    except Exception as error:
        yield f"{name}: cannot be read: {error}"
        return
    if digest != one["content_hash"]:
        yield f"{name}: not what was sealed when the call ended"


def main(arguments: list[str] | None = None) -> int:
    """Verify, say what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("archive", help="the ZIP file, or the directory it was unpacked to")
    parser.add_argument("--key", default="", help="the public key that the office has made known, in hex")
    asked = parser.parse_args(arguments)
    try:
        archive = Archive(asked.archive)
        found = list(faults(archive, asked.key))
        manifest = json.loads(b"".join(archive.pieces(MANIFEST))) if not found else {}
    except Exception as error:
        found, manifest = [f"the archive cannot be read: {error}"], {}
    for line in found:
        print(line)
    if found:
        print("NOT AS IT WAS MADE 与制作时不符")
        return 1
    print(f"contact 通话 {manifest['contact']}, made 制作 {manifest['made_at']} by {manifest['by']}")
    print(f"purpose 目的: {manifest['purpose']}; numbers 号码: {manifest['numbers']}")
    print(f"members 文件 {len(manifest['members'])}, recordings 录音 {len(manifest['recordings'])}")
    print(f"signed by 签名公钥 {manifest['public_key']}")
    if not asked.key:
        print("compare the key with the one the office has made known 请与单位公布的公钥核对")
    print("ALL AS IT WAS MADE 与制作时相符")
    return 0


if __name__ == "__main__":
    sys.exit(main())
