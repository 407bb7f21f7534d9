"""The event stream over WebSocket."""
