"""Ids, facts, requests, events, commands, errors and their codec: the words every floor shares."""
