"""The whole system on one machine: what `bloesem up` makes ready once, and the processes that it keeps running."""
