"""Agent 1: write the message for the Discord channel.

Run it in this folder, after summary.py: python post_update.py
"""

import json
import os
from pathlib import Path

from openai import AzureOpenAI

client = AzureOpenAI(
    azure_endpoint=os.environ["AZURE_OPENAI_ENDPOINT"],
    api_key=os.environ["AZURE_OPENAI_API_KEY"],
    api_version="2024-02-01",
)


def load_summary():
    """What summary.py wrote; without it, the last thing that everybody said."""
    path = Path("discord_summary.json")
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))["summary"]
    grouped = json.loads(Path("grouped_discord_messages.json").read_text(encoding="utf-8"))
    last = [f"{user}: {messages[-1]['content']}" for user, messages in grouped.items() if messages]
    return "No summary yet. Last messages:\n" + "\n".join(last)


def write_message(summary):
    """Ask the model for a short, friendly message."""
    response = client.chat.completions.create(
        model="gpt-3.5-turbo",
        messages=[
            {"role": "system", "content": "You write short, friendly status messages for a team on Discord."},
            {"role": "user", "content": f"Write a message for the channel from this summary:\n{summary}"},
        ],
        temperature=0.3,
        max_tokens=120,
    )
    return response.choices[0].message.content


if __name__ == "__main__":
    text = write_message(load_summary())
    Path("discord_message.txt").write_text(text + "\n", encoding="utf-8")
    print(text)
