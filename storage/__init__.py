"""The journal, the tables, the rows, and the exports."""
