"""Bloesem compiles a company's privacy policy into what its databases let anyone do."""

__version__ = "0.1.0"
