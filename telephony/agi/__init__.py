"""FastAGI: wire, server, and the script that holds a citizen's call."""
