"""People who sign in to the site: how they are reached, what they know, and where they are signed in."""
