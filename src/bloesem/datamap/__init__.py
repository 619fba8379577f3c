"""Where personal data lies, and how each row belongs to a person."""
