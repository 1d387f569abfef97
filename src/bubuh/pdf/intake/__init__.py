"""What is looked at before a stranger's document is accepted: refused, flagged, or repaired."""
