"""What a citizen's call may do next: its states and legs."""
