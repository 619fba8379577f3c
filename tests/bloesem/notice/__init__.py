"""What the notice says, and that it says all of it."""
