"""Everything that speaks to Asterisk."""

FALLBACK_QUEUE = "fallback"
"""The queue of Asterisk's own that catches calls when our server is not there."""

ASIDE = "hotline-aside"
"""The dialplan's context that AMI Atxfer sends agents to while the citizen hears music."""
HOLD, CONSULT = "11", "22"
"""Its extensions. Two digits: the first ends the prompt "transfer", and only from the second on does Asterisk look
whether there is more to wait for (tried on 22.10.1)."""
SWAP = "C"
"""The key that swaps whom an agent who consults hears (features.conf)."""

LISTEN = "hotline-listen"
"""The context that lets a phone hear a channel, an extension a mode; `room` is where who follows an agent waits."""

FIRST_WORD_S = 5
"""How long a call waits for our FastAGI server's first command before it goes to the safety net."""
