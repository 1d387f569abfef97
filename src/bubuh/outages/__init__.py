"""Outages as operators declare them: what fails, since when, and when there is more to say."""
