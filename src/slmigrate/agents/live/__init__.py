"""Discord itself: reading channels, keeping the place, answering as a bot. docs/discord.md."""
