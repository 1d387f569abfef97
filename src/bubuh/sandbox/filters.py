"""What the kernel lets the sandbox's processes ask of it: lists of allowed system calls, nothing else.

Refused calls answer EPERM (a library that merely probes goes on, and finds nothing); the ones only an
attacker makes end the process. The zygote's list holds the child's and what forking and waiting need; a
child adds its own, shorter one. No list allows opening a file, a path of any kind, a socket that leaves the
process, a signal to another process by a child, executable memory, or another program.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable, Sequence
from typing import Final

import pyseccomp as seccomp

_LIBC: Final = ctypes.CDLL(None, use_errno=True)

_PR_SET_SECCOMP: Final = 22  # linux/prctl.h
_SECCOMP_MODE_FILTER: Final = 2  # linux/seccomp.h
_INSTRUCTION_BYTES: Final = 8  # sizeof(struct sock_filter)

_AF_UNIX: Final = 1
_SOCK_STREAM: Final = 1
_SOCK_TYPE_MASK: Final = 0xF
_AT_EMPTY_PATH: Final = 0x1000
_MAP_PRIVATE: Final = 2
_MAP_TYPE_MASK: Final = 0xF
_PROT_EXEC: Final = 4
_CLONE_NEW_ANYTHING: Final = 0x7E020000 | 0x00010000  # namespaces; threads
_FCNTL_HARMLESS: Final = (1, 2, 3, 4, 1030)  # F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
_IOCTL_HARMLESS: Final = (0x5421, 0x5451)  # FIONBIO, FIOCLEX

_Rule = tuple[str, tuple[seccomp.Arg, ...]]

#: Computing, and reading and writing what is open already.
_PLAIN: Final = """
    brk munmap mremap madvise
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
    read readv pread64 write writev pwrite64 lseek close fstat
    futex set_robust_list rseq sched_yield sched_getaffinity getcpu membarrier
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrusage
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid uname sysinfo getrandom
    poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 pipe2
    recvfrom exit exit_group
""".split()  # noqa: SIM905  by kinds, not in a column

#: Forking a child, binding it, waiting for it and ending it; the packets of the owner.
_ZYGOTE: Final = """
    fork wait4 waitid kill pidfd_open recvmsg sendmsg
    setrlimit getrlimit prctl dup2 dup3 close_range
""".split()  # noqa: SIM905  by kinds, not in a column

#: No library asks for these on the way to reading a document: who does is an attacker.
_DEADLY: Final = """
    execve execveat ptrace process_vm_readv process_vm_writev pidfd_getfd
    mount umount2 pivot_root chroot unshare setns bpf keyctl add_key request_key userfaultfd
    perf_event_open io_uring_setup io_uring_enter io_uring_register
    init_module finit_module delete_module kexec_load kexec_file_load
    setuid setgid setreuid setregid setresuid setresgid setgroups capset
""".split()  # noqa: SIM905  by kinds, not in a column


def child_program() -> bytes:
    """The filter a child installs on itself before it looks at a document."""
    return _compile(_conditional())


def inspector_program() -> bytes:
    """The filter of a process that is handed one document after the other: it may also receive them."""
    return _compile([*_conditional(), ("recvmsg", ())])


def zygote_program() -> bytes:
    """The filter a zygote installs on itself before it serves; its children inherit it."""
    own, itself = seccomp.Arg(0, seccomp.EQ, os.PRIO_PROCESS), seccomp.Arg(1, seccomp.EQ, 0)
    slowing = ("setpriority", (own, itself))  # a child's own, for the slow lane; nothing can raise it again
    forking = ("clone", (seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_NEW_ANYTHING, 0),))
    return _compile([*_conditional(), *((name, ()) for name in _ZYGOTE), forking, slowing])


def install(program: bytes) -> None:
    """Bind this process, and all it forks, by `program` for ever; needs `no_new_privs`.

    Source: seccomp(2), SECCOMP_SET_MODE_FILTER by way of prctl(2).
    """
    code = ctypes.create_string_buffer(program, len(program))
    filter_of = _SockFprog(len(program) // _INSTRUCTION_BYTES, ctypes.cast(code, ctypes.c_void_p))
    if _LIBC.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(filter_of)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "seccomp filter")


class _SockFprog(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_: Final = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]  # type: ignore[misc]


def _conditional() -> list[_Rule]:
    arg, equal, masked = seccomp.Arg, seccomp.EQ, seccomp.MASKED_EQ
    not_executable = arg(2, masked, _PROT_EXEC, 0)
    return [
        *((name, ()) for name in _PLAIN),
        ("mmap", (not_executable, arg(3, masked, _MAP_TYPE_MASK, _MAP_PRIVATE))),
        ("mprotect", (not_executable,)),
        ("newfstatat", (arg(3, equal, _AT_EMPTY_PATH),)),  # how glibc spells fstat
        ("prlimit64", (arg(0, equal, 0),)),  # its own limits, which it cannot raise
        *(("fcntl", (arg(1, equal, command),)) for command in _FCNTL_HARMLESS),
        *(("ioctl", (arg(1, equal, request),)) for request in _IOCTL_HARMLESS),
        # asyncio wakes itself through a pair of stream sockets; neither can be aimed elsewhere
        ("socketpair", (arg(0, equal, _AF_UNIX), arg(1, masked, _SOCK_TYPE_MASK, _SOCK_STREAM))),
        ("sendto", (arg(4, equal, 0),)),
    ]


def _compile(allowed: Iterable[_Rule], deadly: Sequence[str] = _DEADLY) -> bytes:
    table = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    table.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)  # a search tree instead of a long list
    for name, conditions in allowed:
        table.add_rule(seccomp.ALLOW, name, *conditions)
    for name in deadly:
        table.add_rule(seccomp.KILL_PROCESS, name)
    table.add_rule(
        seccomp.ERRNO(errno.ENOSYS), "clone3"
    )  # so that libc falls back to clone, which we can read
    with os.fdopen(os.memfd_create("bubuh-filter", os.MFD_CLOEXEC), "w+b") as file:
        table.export_bpf(file)
        file.seek(0)
        return file.read()
