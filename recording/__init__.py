"""Which talking legs are recorded, and where the files go."""
