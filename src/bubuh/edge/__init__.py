"""What the surfaces share: problems and their words, limits, headers, guards, bodies. No business rules."""
