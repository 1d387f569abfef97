"""Fuzz one target with atheris for a while: `python -m tests.fuzz.run TARGET SECONDS [FOLDER]`.

What breaks it is kept in FOLDER (default: a new one below the machine's folder for such things), and the
command exits otherwise than 0. `make fuzz` runs all targets, after installing atheris into .venv.
"""
# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bubuh.pdf"]):
    from tests.fuzz.targets import TARGETS, seeds

from tests.attacks.mutate import mutated

LONGEST_BYTES = 1 << 18
MOST_MEMORY_MIB = 2048
LONGEST_RUN_S = 20


def mutation(data: bytes, most: int, seed: int) -> bytes:
    """Half the time by one who knows documents, half the time by one who knows what was reached."""
    chance = random.Random(seed)
    if data and chance.random() < 0.5:
        return mutated(data, chance, chance.choice(seeds()))[:most]
    return bytes(atheris.Mutate(data, most))


def main(name: str, seconds: int, folder: Path) -> None:
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    sys.stderr.write(f"{name}: {seconds} s, corpus and finds in {corpus}\n")
    options = [
        f"-max_total_time={seconds}", f"-max_len={LONGEST_BYTES}", f"-rss_limit_mb={MOST_MEMORY_MIB}",
        f"-timeout={LONGEST_RUN_S}", f"-artifact_prefix={corpus}/broken-", "-print_final_stats=1",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name], custom_mutator=mutation)
    atheris.Fuzz()


if __name__ == "__main__":
    where = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp(prefix="bubuh-fuzz-"))
    main(sys.argv[1], int(sys.argv[2]), where)
