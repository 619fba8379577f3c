"""Breaches of personal data (art. 33, 34): one register of all of them, each a list of entries that nobody changes.

entries   what is written, as values
rules     what a list of entries comes to, what is owed and by when, and what may be written next. Pure
store     the entries in the database: read, added
letters   people are told, through the one door that sends
"""
