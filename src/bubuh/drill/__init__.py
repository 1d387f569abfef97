"""Rehearsals of what must never happen: the whole service, started apart, driven and hurt on purpose."""
