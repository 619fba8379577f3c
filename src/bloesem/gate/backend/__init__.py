"""Django's PostgreSQL backend for processes that serve purposes: ENGINE = "bloesem.gate.backend"."""
