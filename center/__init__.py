"""The centre: one writer that turns messages into events and commands."""
