"""2. Which small model can take a call, within RAM, disk, latency and licence? Ranks only.

choice = rank(site, cards, Budget(ram_bytes=10**9), is_present=..., runnable=...)
"""

from slmigrate.choose.rank import domain_of, rank

__all__ = ["domain_of", "rank"]
