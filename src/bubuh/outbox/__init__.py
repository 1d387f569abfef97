"""What others must hear: facts written with what made them true, told at least once."""
