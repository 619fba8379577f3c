"""Who gets personal data: the register, the decision of each day, what was disclosed, and who is told of changes.

Pure: `model` (what the record says), `conditions`, `decide` and `transfers` (may it go, and until when), `register` and
`findings` (how each stands), `problems` (what the loader refuses), `export` (what goes). In a database: `disclose`, through
the gate, with `outbox` for its files; `given` and `notices`, as keeper.
"""
