"""A process that looks at one stranger's document after the other, because a fork costs more than a look.

It is bound as a child of one document is (`limits`, `filters`), for life; its CPU time is counted anew for
each document. It ends after `Life.documents`, when it is worn, and after anything but a result or a
refusal. Whatever ends it while it looks is a refusal of that document alone; another process takes over.

Why documents may share it. A document that takes it over can see those that come after, and lie about them.
So no call here lets one parser's word decide alone (`calls`). An inspection is believed by type and bounds
only, and decides no money and no verdict: a document it praises is read again when its stamp is planned and
rehearsed, by others; one it slanders is refused before any quota is touched. Planning has a pool of its own,
in which nothing ever runs but the lean engine: Python over bytes, no library's parser that a document could
take over. The second parser, which is one, reads plans back in another pool: taken over, it could wave
through or refuse what the lean engine planned, and change none of it. Whatever either cannot do is done in a
process of its own. It can tell
nobody what it saw but the owners of later documents, by the few figures that inspection answers. An answer
that is not in order ends it before it sees another document, and 500 documents end it in any case.
"""

from __future__ import annotations

import gc
import os
import socket
import traceback
from dataclasses import dataclass
from typing import NoReturn

from bubuh.core.privileges import die_with_parent
from bubuh.sandbox import filters, wire
from bubuh.sandbox.child import EXIT_BROKEN, Jobs, keep_only, outcome_of
from bubuh.sandbox.fates import EXIT_MEMORY
from bubuh.sandbox.limits import Life, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class LongBounds:
    """What an inspector binds itself by; `limits` are those of one document."""

    limits: Limits
    life: Life
    program: bytes
    kept: frozenset[int] = frozenset()  #: descriptors that a library opened before and reads on


def live_long(jobs: Jobs, bounds: LongBounds, *, line: socket.socket, zygote_pid: int) -> NoReturn:
    """Answer what comes on `line` until it ends, or until this process should; never returns to the zygote.

    The end of the process with code 0 is an answer too: its last.
    """
    code = EXIT_BROKEN
    try:
        die_with_parent(zygote_pid)
        keep_only(line.fileno(), *bounds.kept)
        bounds.life.limits(bounds.limits).apply()
        os.dup2(0, 2)  # /dev/null: what a library prints goes nowhere
        filters.install(bounds.program)
        _serve(jobs, bounds, line)
        code = 0
    except MemoryError:
        code = EXIT_MEMORY
    except BaseException:  # noqa: BLE001  whatever it is, it is the end
        traceback.print_exc()  # heard only while no document was touched
    finally:
        os._exit(code)


def _serve(jobs: Jobs, bounds: LongBounds, line: socket.socket) -> None:
    done, in_order = 0, True
    while in_order and not bounds.life.is_over(done, bounds.limits):
        if done:
            line.send(wire.DONE)
            gc.collect()  # while the owner reads: nothing of one document stays for the next
        packet, descriptors, _, _ = socket.recv_fds(line, wire.PACKET_BYTES, 2)
        if not packet:
            return
        bounds.life.allow_one_more(bounds.limits.at_first() if packet == wire.FIRST else bounds.limits)
        in_order = _answer(jobs, *descriptors)
        done += 1


def _answer(jobs: Jobs, request: int, answer: int) -> bool:
    """Do one job; whether the outcome is one that honest documents have."""
    call, document = wire.read_request(request)
    os.close(request)
    kind, body = outcome_of(jobs, call, document)
    wire.write_answer(answer, kind, body)
    os.close(answer)
    return kind is not wire.AnswerKind.FAILED
