"""3. Is the new model good enough, and what does it cost?

    from slmigrate.compare.run import Asked, compare

Both models answer the same cases, each in a fresh process of its own; scores are paired by case; the verdict is a
test of non-inferiority: GO only where the whole interval of the quality kept is at or above what was asked.
"""
