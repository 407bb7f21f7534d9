"""The API's slice of the settings."""

import msgspec


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it listens, and its bounds. Sizes in bytes, times in seconds."""

    host: str = "127.0.0.1"
    port: int = 8080
    stream_port: int = 8765
    token_s: float = 8 * 3600.0
    """How long a log-in lasts without being refreshed."""
    hello_s: float = 5.0
    """How long a stream client has to say who it is."""
    recheck_s: float = 30.0
    """How often a stream's token is looked at again: a session ended elsewhere ends its streams."""
    ping_s: float = 10.0
    """How often a stream is pinged, and how long its answer may take: a frozen page counts as gone after both."""
    desktop_grace_s: float = 10.0
    """How long an agent's desktop may be away before the seat counts as deaf."""
    clients: int = 5000
    """Streams that may be open at once."""
    body_bytes: int = 1 << 20
    backlog: int = 2000
    """Frames that may wait for one client before it gets a fresh snapshot instead."""
    stuck_s: float = 30.0
    """How long one frame may take to be taken before the client counts as gone."""
    origins: tuple[str, ...] = ()
    """Browser origins beside our own pages that may open the stream."""
    public_url: str = ""
    """Where browsers find us, such as https://hotline.example; providers send them back there."""
    proxies: tuple[str, ...] = ()
    """Addresses or networks of our own proxies, whose X-Forwarded-For is believed: in the audit and by the lock-out."""
    agents_hear_own: bool = False
    """Whether agents may play the recordings of contacts they had a part in."""
    appeal_days: int = 7
    """Days in which an agent may appeal against a review."""
    web_dir: str = ""
    """The built web page; empty: the one that came with the program."""
