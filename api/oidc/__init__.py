"""OpenID Connect: people who log in at a provider of theirs."""
