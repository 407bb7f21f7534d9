"""The composition root: settings, wiring, lifecycle, the hotline command."""
