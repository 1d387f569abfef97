"""`/dev`: an account and its key for the asking, in a development data folder and from this machine."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import post

from bubuh.api.reply import AnyRequest, Parts, Reply, reply
from bubuh.core.ids import show_account
from bubuh.edge.bodies import announced_bytes, read_json
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.guards import DevelopmentOnly
from bubuh.identity.make_key import make_key
from bubuh.identity.model import LOCAL_OPERATOR, AccountKind, Scope
from bubuh.identity.open_account import open_account


class NewDevelopmentAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the account is to be; the whole body may be left out."""

    kind: AccountKind = AccountKind.PERSON
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] = (
        "Akun pengembangan"
    )


class DevelopmentAccountView(msgspec.Struct, frozen=True, kw_only=True):
    """A new account, and a key that opens all of it. The key is not shown again."""

    id: str
    key: str


@post(
    "/dev/accounts",
    guards=[DevelopmentOnly()],
    opt=told(
        Call(
            summary="Open an account for development",
            summary_id="Buka akun pengembangan",
            tag="development",
            body=Body(shape=NewDevelopmentAccount, example={"kind": "person", "name": "Sari"}, optional=True),
            answers={
                201: Answer(
                    says="A new account with a key of scope `all`.", body=Body(shape=DevelopmentAccountView)
                )
            },
        )
    ),
)
async def create_development_account(request: AnyRequest, services: Parts) -> Reply:
    """Open an account and make a key for it. Only in a development data folder, only from this machine."""
    wanted = await _wanted(request)
    async with services.db.transaction() as conn:
        opened = await open_account(conn, kind=wanted.kind, name=wanted.name, actor=LOCAL_OPERATOR)
        key = await make_key(
            conn,
            account_id=opened.account_id,
            user_id=opened.user_id,
            scopes=[Scope.ALL],
            environment=services.environment,
            actor=LOCAL_OPERATOR,
        )
    return reply(DevelopmentAccountView(id=show_account(opened.account_id), key=key.secret), status=201)


HANDLERS = [create_development_account]


async def _wanted(request: AnyRequest) -> NewDevelopmentAccount:
    is_empty = announced_bytes(request) in {None, 0} and "transfer-encoding" not in request.headers
    return NewDevelopmentAccount() if is_empty else await read_json(request, NewDevelopmentAccount)
