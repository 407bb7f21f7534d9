"""The `hotline` command, a file for each group."""
