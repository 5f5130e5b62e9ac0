"""Messages from files: DiscordChatExporter's JSON, the guide's two formats, Discord's own message lists.

Reads; opens no connection. Nothing of the text is changed, but for half characters that no file can hold, and mention
marks that become names.
"""

from slmigrate.agents.sources.reading import EXPECTED, Channel, read_channel

__all__ = ["EXPECTED", "Channel", "read_channel"]
