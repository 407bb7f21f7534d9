"""What Asterisk wrote down, as our records: queue_log and CEL, parsed and folded. Pure; storage keeps it."""
