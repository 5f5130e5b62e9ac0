"""2. Which small model can take a call, within RAM, disk, latency and licence? Ranks only."""
