"""How recordings are kept: the settings' slice."""

import msgspec


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days recordings of a queue or a tenant are kept; of all where neither is named."""

    queue: str = ""
    tenant: str = ""
    days: int


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where finished recordings go and how they are sealed. Sizes in MiB, times in seconds."""

    store: str = ""
    """An fsspec URL such as s3://bucket/folder; empty: `recordings` in the data directory."""
    store_options: dict[str, str] = {}
    """What the store needs beside its URL, such as endpoint_url; secrets belong in the environment."""
    keys_dir: str = ""
    """Where the master keys are, 1.key and on, mode 0600; empty: `recording-keys` in the data directory."""
    hash: str = "sha256"
    """`sha256` or `sm3`."""
    codec: str = "opus"
    """`opus` or `wav`."""
    jobs: int = 2
    """Recordings that are worked on at once; compressing an hour of talk takes a core about 40 s."""
    low_water_mb: int = 1024
    """What must stay free in a store on disk; with less nothing more is moved there."""
    host_low_water_mb: int = 1024
    """What should stay free where Asterisk records; with less there is an alarm."""
    retry_s: float = 5.0
    retry_at_most_s: float = 300.0
    retention: tuple[Retention, ...] = ()
    """None: recordings are kept for ever."""
