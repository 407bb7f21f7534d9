"""Short messages: what is sent when, the outbox that loses none, and the ways to a provider."""
