"""Customer service: contacts on every channel, recordings, faults, complaints, disputes."""
