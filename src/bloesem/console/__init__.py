"""The first pages of Bloesem: what the policy does now, the date, one person, and an invitation to break it."""
