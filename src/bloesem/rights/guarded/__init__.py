"""Requests about people of Bloesem's own database: answered from masks and facts, in one transaction each."""
