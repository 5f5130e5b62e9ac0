"""Programs that ship with the tool: Discord digest, task report, messages."""
