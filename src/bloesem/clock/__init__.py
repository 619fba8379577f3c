"""What must go today: retention sweeps and the moments at which nothing is readable any more."""
