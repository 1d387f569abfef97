"""Who acts: users, accounts, memberships, API keys, and the principal they make up."""
