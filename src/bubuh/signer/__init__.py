"""The signer: a process, uid and database role of its own; alone it holds the seal key."""
