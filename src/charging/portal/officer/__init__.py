"""The pages of the privacy officer, for staff with that role who signed in with a second factor."""
