"""`python -m bubuh.sandbox`: the zygote with the service's own jobs."""

from __future__ import annotations

from bubuh.core.privileges import preload
from bubuh.sandbox.jobs import JOBS, open_early
from bubuh.sandbox.start import start

if __name__ == "__main__":
    preload("bubuh.pdf")
    start(JOBS, kept=open_early())
