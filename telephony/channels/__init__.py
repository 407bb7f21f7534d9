"""Which channels an Asterisk has, and what AMI's events about them mean for calls and legs. Pure."""

from telephony.channels.tracker import Channels

__all__ = ["Channels"]
