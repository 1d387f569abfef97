"""What we tell the programs of an account: events, in a feed to be read and at the addresses they gave us."""
