"""The privacy mailbox: each mail that arrives there is handed over once, with the moment at which it arrived (P-170)."""
