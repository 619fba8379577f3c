"""Connections of a process login to the tables of a library (sessions, accounts to sign in with): no purpose, and no
personal data of the business either, since the login alone reads none of it."""
