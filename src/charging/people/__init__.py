"""People and what they told us: each value that can be disputed, sourced or aged on its own has its own
row.
"""
