"""Everything that speaks to Asterisk."""

FALLBACK_QUEUE = "fallback"
"""The queue of Asterisk's own that catches calls when our server is not there."""
