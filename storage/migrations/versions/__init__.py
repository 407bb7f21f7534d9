"""One module per revision; their names begin with their order."""
