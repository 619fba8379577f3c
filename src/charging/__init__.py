"""The home-charging business: it reads and writes personal data only inside a purpose."""
