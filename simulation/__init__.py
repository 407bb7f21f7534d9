"""Real SIP citizens and phones, simulated agents, and the reconciliation of what they saw."""
