"""The audit: a chain of hashes in the database, and its signed heads in files outside of it (docs/audit.md)."""
