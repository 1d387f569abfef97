"""What every process loads stays light: libraries that one of them needs are loaded there alone."""

from __future__ import annotations

import subprocess
import sys

_HEAVY = {"pyhanko", "asn1crypto", "pikepdf", "pypdfium2", "lxml", "pkcs11"}
_PROGRAM = """
import sys
from bubuh.core.privileges import preload
preload("bubuh.core", "bubuh.db", "bubuh.sandbox.sandbox", "bubuh.worker", "bubuh.wiring")
print(*(name for name in sys.modules if "." not in name))
"""


def test_web_and_worker_load_no_pdf_library_and_no_device() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"asyncpg", "msgspec"} <= loaded
    assert loaded & _HEAVY == set()
