"""One child, one document: bind itself, look, leave one message, die. It never returns to the zygote."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import msgspec

from bubuh.core.errors import Refusal
from bubuh.core.privileges import die_with_parent
from bubuh.sandbox import filters, wire
from bubuh.sandbox.fates import EXIT_MEMORY
from bubuh.sandbox.limits import Limits

EXIT_BROKEN: Final = 70  # EX_SOFTWARE: our own mistake, or a library that failed while we reported


@dataclass(frozen=True, slots=True)
class Job:
    """What may be asked of a child: the shape of the arguments, the function over them and the document."""

    arguments: type[Any]
    act: Callable[[Any, bytes], object]


Jobs = Mapping[str, Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What each child binds itself by: limits, the compiled filter, and what it keeps open."""

    limits: Limits
    program: bytes
    kept: frozenset[int] = frozenset()  #: descriptors that a library opened before and reads on
    niceness: int = 0


def live(jobs: Jobs, bounds: Bounds, *, request: int, answer: int, zygote_pid: int) -> NoReturn:
    """Do the one job in `request`, leave its outcome in `answer`, and end with a code of `fates`.

    The document is looked at only after every bound holds.
    """
    code = EXIT_BROKEN
    try:
        die_with_parent(zygote_pid)
        keep_only(request, answer, *bounds.kept)
        call, document = wire.read_request(request)
        bounds.limits.apply()
        if bounds.niceness:
            os.setpriority(os.PRIO_PROCESS, 0, bounds.niceness)
        os.dup2(0, 2)  # /dev/null: what a library prints goes nowhere
        filters.install(bounds.program)
        wire.write_answer(answer, *outcome_of(jobs, call, document))
        code = 0
    except MemoryError:
        code = EXIT_MEMORY
    except BaseException:  # noqa: BLE001  whatever it is, it is the end
        traceback.print_exc()  # heard only while the document is still untouched
    finally:
        os._exit(code)


def outcome_of(jobs: Jobs, call: wire.Call, document: bytes) -> tuple[wire.AnswerKind, bytes]:
    """What becomes of a call: result, refusal, or the name of what went wrong. MemoryError passes."""
    job = jobs[call.job]
    arguments = msgspec.msgpack.decode(call.arguments, type=job.arguments)
    try:
        result = job.act(arguments, document)
    except MemoryError:
        raise
    except Refusal as refusal:
        told = wire.RefusedAnswer(
            name=type(refusal).__name__,
            pointer=refusal.pointer,
            details={name: _plain(value) for name, value in refusal.details.items()},
        )
        return wire.AnswerKind.REFUSED, wire.encode(told)
    except Exception as error:  # noqa: BLE001  any library may fail in any way here; the owner refuses the document
        return wire.AnswerKind.FAILED, wire.encode(wire.FailedAnswer(exception=type(error).__name__))
    return wire.AnswerKind.DONE, wire.encode(result)


def _plain(value: object) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def keep_only(*kept: int) -> None:
    """Close whatever else the zygote holds: its owner's socket, those of others."""
    below = 3
    for descriptor in sorted(kept):
        os.closerange(below, descriptor)
        below = descriptor + 1
    os.closerange(below, os.sysconf("SC_OPEN_MAX"))
