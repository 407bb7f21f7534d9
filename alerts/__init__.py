"""Alerts: when a live figure is so bad that people on duty must know, and when it is well again. Pure."""
