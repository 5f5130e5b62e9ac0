"""What posting needs and no connection: parts of a text, targets, the journal of what was sent."""
