"""REST, the event stream, who may see what, and the web page."""
