"""The plan that follows from policy, law and data map: plain values, no database."""
