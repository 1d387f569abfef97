"""How much a hostile document may take: the kernel's limits, set by a process on itself before it looks."""

from __future__ import annotations

import math
import resource
import time
from dataclasses import dataclass, replace
from typing import Final

MIB: Final = 1 << 20
FIRST_CPU_S: Final = 1
SLOWEST: Final = 19  #: niceness of the slow lane
SLOW_TIMES: Final = 4  #: so many times the usual time by the wall clock: others go before it


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

    def at_first(self) -> Limits:
        """The first budget of what may be tried again in the slow lane: honest documents need less."""
        return replace(self, cpu_s=min(self.cpu_s, FIRST_CPU_S))

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How much a process that opens one document after the other may do before another takes its place."""

    documents: int = 500
    cpu_s: int = 120  #: of the whole life; the kernel's, and a document is begun only with its own share left
    worn_bytes: int = 256 * MIB  #: peak of resident memory; what one large document leaves, others cannot use
    answer_bytes: int = 4 * MIB
    open_files: int = 12  #: so that it cannot hoard answers: memory that no limit counts

    def limits(self, for_one: Limits) -> Limits:
        """What binds it for life, where `for_one` binds a process of one document."""
        return replace(for_one, cpu_s=self.cpu_s, answer_bytes=self.answer_bytes, open_files=self.open_files)

    def allow_one_more(self, for_one: Limits) -> None:
        """Let this process spend from now what one document may, or up to a second more or less."""
        soft = max(int(time.process_time()) + for_one.cpu_s, math.ceil(time.process_time()) + FIRST_CPU_S)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, self.cpu_s + 1))

    def is_over(self, documents: int, for_one: Limits) -> bool:
        """Whether this process is to end after `documents`."""
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        spent_s = time.process_time()
        return (
            documents >= self.documents
            or peak_bytes > self.worn_bytes
            or spent_s + for_one.cpu_s > self.cpu_s
        )


FOR_ONE_FILE: Final = Limits()
LONG: Final = Life()
