"""What measures: no figure without the limit and the rivals beside it, taken in the same run."""
