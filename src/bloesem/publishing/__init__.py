"""From a version that is written to one that is in force: looked at, decided, announced, and activated on its day."""
