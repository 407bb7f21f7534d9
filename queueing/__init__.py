"""Who waits, who is free, and who is offered to whom."""
