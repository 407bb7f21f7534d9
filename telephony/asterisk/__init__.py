"""The Asterisk we run: its rendered configuration, its development root, its supervised child."""
