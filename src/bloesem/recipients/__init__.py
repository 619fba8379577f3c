"""Who gets personal data: the register, the decision of each day, what was disclosed, and who is told of changes.

`model`, `decide`, `conditions`, `problems`, `findings` are pure; `disclose` and `notices` work in a database.
"""
