"""The commands of `bloesem`: one module each, with `configure(parser)` and `run(arguments)`; see `bloesem.cli`."""
