"""What happened to an account's money and stamps, told to its owner. It reads and never writes."""
