"""Reports: figures counted by the database, in one consistent reading of it, and the contacts behind each."""

from storage.reports.report import Reports

__all__ = ["Reports"]
