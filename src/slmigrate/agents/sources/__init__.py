"""Messages from files: DiscordChatExporter's JSON, the guide's two formats, Discord's own message lists.

Reads; opens no connection. Nothing of the text is changed, but for half characters that no file can hold, and mention
marks that become names.
"""

from slmigrate.agents.sources.detect import EXPECTED, KINDS
from slmigrate.agents.sources.reading import Channel, open_channels, read_channel
from slmigrate.agents.sources.spool import Talk

__all__ = ["EXPECTED", "KINDS", "Channel", "Talk", "open_channels", "read_channel"]
