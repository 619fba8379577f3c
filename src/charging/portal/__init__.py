"""Whoever signs in: people about themselves, fleet managers about their drivers' months, installers about their jobs."""
