"""Evidence: one archive of a contact, signed, that is verified without this software."""
