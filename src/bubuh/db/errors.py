"""The one place where a failure of PostgreSQL or of the way to it becomes `DatabaseUnavailable`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from bubuh.core.errors import DatabaseUnavailable

#: the server is gone, going, coming, full, or gave up on this statement: the same may succeed later
_SERVER: Final = (
    asyncpg.PostgresConnectionError,  # class 08, and ConnectionDoesNotExistError of asyncpg itself
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a primary that has just been demoted
    asyncpg.InsufficientResourcesError,  # class 53: too many connections, disk full
    asyncpg.TransactionRollbackError,  # class 40: deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,  # statement_timeout
)
#: seen only while connecting; inside a caller's own lines these may come from elsewhere
_WAY: Final = (OSError, TimeoutError)


@contextmanager
def connecting() -> Iterator[None]:
    """Around the making of a connection: nobody there, no socket, too slow."""
    try:
        yield
    except (*_SERVER, *_WAY, asyncpg.InternalClientError) as error:
        raise _unavailable(error) from error
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError):  # a malformed address or argument: our mistake, not the server's
            raise
        raise _unavailable(error) from error


@contextmanager
def talking(conn: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy) -> Iterator[None]:
    """Around the use of `conn`. What was not acknowledged is unknown: ask again with the same ids."""
    try:
        yield
    except (*_SERVER, TimeoutError) as error:  # the pool's command timeout: a server that hangs
        raise _unavailable(error) from error
    except asyncpg.InternalClientError as error:
        # The server's last word came while nothing was asked, and its end of the line has not gone yet:
        # the driver then stumbles over its own state. The connection is of no use to anybody.
        if not is_gone(conn):
            conn.terminate()
        raise _unavailable(error) from error
    except (asyncpg.InterfaceError, OSError) as error:
        if isinstance(error, ValueError) or not is_gone(conn):
            raise
        raise _unavailable(error) from error


def is_gone(conn: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy) -> bool:
    """Whether `conn` is of no use any more."""
    try:
        return conn.is_closed()
    except asyncpg.InterfaceError:  # its pool has already taken a broken connection back
        return True


def _unavailable(error: BaseException) -> DatabaseUnavailable:
    return DatabaseUnavailable(f"{type(error).__name__}: {error}")
