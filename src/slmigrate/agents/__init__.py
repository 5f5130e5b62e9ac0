"""Programs that ship with the tool: the digest of a Discord channel and the report on a task list.

What can be computed is computed. A model only writes sentences, and every number, date, name and link of a sentence is
checked against the messages it stands on (`grounding`).
"""
