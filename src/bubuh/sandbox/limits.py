"""How much one hostile document may take: the kernel's limits, set by a child on itself before it looks."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Final

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one child may use; the defaults are the service's promise for one file (P7).

    Resident memory stays under 512 MiB without anyone watching it: `data_bytes` bounds private writable pages
    (the filter forbids shared mappings), and stack and libraries are bounded by what remains.
    """

    address_space_bytes: int = 768 * MIB
    data_bytes: int = 448 * MIB
    stack_bytes: int = 8 * MIB
    cpu_s: int = 10
    wall_s: float = 15.0  #: kept by the zygote, with SIGKILL
    answer_bytes: int = 64 * MIB
    open_files: int = 16

    def apply(self) -> None:
        """Bind this process: soft and hard limits alike, so that it cannot take them back."""
        for what, soft, hard in (
            (resource.RLIMIT_AS, self.address_space_bytes, self.address_space_bytes),
            (resource.RLIMIT_DATA, self.data_bytes, self.data_bytes),
            (resource.RLIMIT_STACK, self.stack_bytes, self.stack_bytes),
            (resource.RLIMIT_CPU, self.cpu_s, self.cpu_s + 1),  # SIGXCPU tells why; SIGKILL cannot be ignored
            (resource.RLIMIT_FSIZE, self.answer_bytes, self.answer_bytes),
            (resource.RLIMIT_NOFILE, self.open_files, self.open_files),
            (resource.RLIMIT_NPROC, 0, 0),
            (resource.RLIMIT_CORE, 0, 0),
        ):
            resource.setrlimit(what, (soft, hard))


FOR_ONE_FILE: Final = Limits()
