"""What one person may ask, on a database of any design: who they are in it, what is theirs, and what becomes of it."""
