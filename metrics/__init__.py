"""Forecasts: how many agents a load needs, and what its callers then meet. Pure."""
