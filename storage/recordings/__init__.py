"""Where recordings are kept: sealed, encrypted, written, read back, and only then let go of at their source."""
