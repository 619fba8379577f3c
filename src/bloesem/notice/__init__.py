"""The notice: what the company tells people about their data, from the model that the system runs by.

The company's own text, sentence by sentence, and below it what the model makes of it; in four languages. A search,
differences between versions, and the public table of promises belong to it. docs/notice.md tells more.
"""
