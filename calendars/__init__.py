"""Calendars: when queues and flows are open, statutory holidays and make-up workdays. Pure."""
