"""Charge points, cards, and the sessions that they make."""
