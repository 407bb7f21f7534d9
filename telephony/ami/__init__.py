"""The Asterisk Manager Interface: wire, session, link."""
