"""The status page: static files written anew every few seconds by a process that needs no other to live.

What works is measured, not typed; what operators say of an outage stands above it. When database, web and
worker are gone, the page says so.
"""
