"""Each figure as a command: `python -m bench.<name> [--people N] [--json]`; `python -m bench` runs them all."""
