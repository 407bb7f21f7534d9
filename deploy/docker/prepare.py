"""The `settings` service: hotline.toml with secrets of its own on the first start; each time Asterisk's files.

DATABASE_PASSWORD_FILE holds the password that PostgreSQL was made with; HOTLINE_CARRIER is the address that citizens'
calls come from.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from app.settings import load
from simulation.toml_text import toml
from telephony.asterisk.render import render

HOME = Path("/var/lib/hotline")
FILE = HOME / "hotline.toml"
AGENTS = tuple(str(1001 + n) for n in range(8))


def first_settings() -> dict[str, object]:
    """Return settings for eight agents with phones, PostgreSQL and Redis."""
    password = Path(os.environ["DATABASE_PASSWORD_FILE"]).read_text().strip()
    phones = [{"number": n, "secret": secrets.token_hex(8), "kind": "both"} for n in (*AGENTS, "9001")]
    return {
        "data_dir": str(HOME / "data"),
        "run_asterisk": False,
        "asterisk": {
            "systemname": "hl1",
            "directory": str(HOME / "asterisk"),
            "ami_secret": secrets.token_hex(12),
            "host": "0.0.0.0",
            "rtp_start": 10000,
            "rtp_end": 10199,
            "trunks": [{"name": "carrier", "host": os.environ.get("HOTLINE_CARRIER", "127.0.0.1")}],
            "phones": phones,
        },
        "center": {"queues": [{"id": "12345"}], "agents": [{"id": n, "phone": n} for n in AGENTS]},
        "api": {"host": "0.0.0.0"},
        "storage": {"url": f"postgresql://hotline:{password}@postgres/hotline", "redis": "redis://redis:6379/0"},
    }


def main() -> None:
    """Write what is missing and render."""
    if not FILE.exists():
        FILE.touch(mode=0o600)
        FILE.write_text(toml(first_settings()))
        print(f"wrote {FILE} with new secrets")
    print(f"rendered {render(load(FILE).asterisk)}")


if __name__ == "__main__":
    main()
