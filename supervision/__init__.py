"""Listening sessions: who listens to whom, why, and from when to when."""
