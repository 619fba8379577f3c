"""The databases that Bloesem works on: PostgreSQL first, one that it brings itself or one that is there."""
