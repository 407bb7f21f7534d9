"""What a caller hears before a human answers: the steps of a flow."""
