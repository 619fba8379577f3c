"""What the privacy officer sees (art. 39): services that make plain values, in the reader's language, for pages.

Any company would use them: they know policy, record and plan, and nothing of a business.
"""
