"""Agent 1: summarise what was said on Discord.

Run it in this folder: python summary.py
"""

import json

from transformers import pipeline

with open("grouped_discord_messages.json", encoding="utf-8") as file:
    messages_by_user = json.load(file)

# one long text out of everything that everybody wrote
texts = []
for user, messages in messages_by_user.items():
    for message in messages:
        text = message["content"].strip()
        if text:
            texts.append(text)

ARTICLE = " ".join(texts)

summarizer = pipeline("summarization", model="facebook/bart-large-cnn")
summary = summarizer(ARTICLE, max_length=130, min_length=30, do_sample=False, truncation=True)[0]["summary_text"]

with open("discord_summary.json", "w", encoding="utf-8") as file:
    json.dump({"summary": summary}, file, indent=4)

print("Summary written to discord_summary.json")
print(summary)
