"""The gate's HTTP surface, as bare ASGI: a million people join here within two minutes.

GET  /now.json              where every lane stands
GET  /antre                 the waiting page
GET  /antre/tempat          the same without scripts, for the turn in the cookie or in `nomor`
GET  /antre/bawa            this browser keeps the turn or code in `nomor`, unless it has another
GET  /antre/tunggu          without scripts, while a join costs work: wait
GET  /antre/milik           without scripts, on the way in: this browser holds the turn's cookie
GET  /antre/qr              the turn's code as a QR
POST /antre/tempat/hadir    whoever holds the turn in the body is still there (`waitingroom.presence`)
POST /antre/{lane}          a turn; JSON, or for a form the page and a cookie
POST /gate/join             from the site alone: a voucher; a turn of the reserved lane that it names
POST /gate/enter            from the site alone: a voucher, and a turn or its code
POST /gate/repair           from the site alone: a voucher that names the repair lane
POST /gate/turn             from the site alone: a voucher, a deadline and a turn; what is known of it
POST /gate/report           from the site alone
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from bubuh.core.errors import Fault, Refusal
from bubuh.core.ids import AccountId
from bubuh.edge.refusals import BodyTooLarge, MethodNotAllowed, RouteUnknown, Unacceptable
from bubuh.gate.answer import FRESH, HTML, JSON, Header, answer, refuse, refuse_for_now
from bubuh.gate.joining import Joining
from bubuh.gate.keeper import Keeper
from bubuh.gate.pages import Pages
from bubuh.gate.qr import qr_of
from bubuh.waitingroom.code import code_of, look_up, turn_of
from bubuh.waitingroom.lanes import REPAIR_ID
from bubuh.waitingroom.passes import VOUCHER_BYTES, read_voucher
from bubuh.waitingroom.proof import DEADLINE_BYTES, Joined
from bubuh.waitingroom.refusals import LaneReserved, TurnRefused
from bubuh.waitingroom.report import read_report
from bubuh.waitingroom.turn import (
    ANYONE,
    PROOF_LIFE_S,
    TURN_BYTES,
    TURN_LIFE_S,
    Turn,
    bind_of,
    issue,
    read_bytes,
    read_turn,
    show_bytes,
)

COOKIE: Final = "giliran"  #: the page's script reads both
CODE_COOKIE: Final = "kode"
SECRET_COOKIE: Final = "rahasia"  # noqa: S105 - a name; it shows whose turn it is where no script does
_SHORTLY: Final = (b"cache-control", b"public, max-age=2")
_OCTETS: Final = (b"content-type", b"application/octet-stream")
_FORM: Final = b"application/x-www-form-urlencoded"
_LANE_PREFIX: Final = "/antre/"
_LONGEST_CODE: Final = 40  # a longer text is a whole turn
_MOST_BYTES: Final = 4_096
_TURN_AT: Final = VOUCHER_BYTES + DEADLINE_BYTES
_MOST_REPORT_BYTES: Final = 1_048_576


class Gate:
    """The application over one `Keeper`."""

    def __init__(self, keeper: Keeper, pages: Pages) -> None:
        self._keeper = keeper
        self._pages = pages
        self._joining = Joining(keeper)
        keeper.followed = pages.follow
        pages.follow(keeper.room.rules)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        try:
            if method == "POST":
                await self._post(path, scope, receive, send)
            elif method in {"GET", "HEAD"}:
                await self._get(path, scope, send)
            else:
                raise MethodNotAllowed
        except Refusal as refusal:
            await refuse(send, refusal, _header(scope, b"accept-language"))
        except Fault as fault:
            await refuse_for_now(send, fault, _header(scope, b"accept-language"))

    async def _get(self, path: str, scope: Any, send: Any) -> None:
        if path == "/now.json":
            await answer(send, 200, self._keeper.now_file, (JSON, _SHORTLY))
        elif path == "/antre":
            self._pages.follow(self._keeper.room.rules)
            await answer(send, *self._pages.waiting(_header(scope, b"accept-encoding")))
        elif path == "/antre/tempat":
            await self._show_place(scope, send)
        elif path == "/antre/bawa":
            await self._carry(scope, send)
        elif path == "/antre/tunggu":
            await self._show_wait(scope, send)
        elif path == "/antre/milik":
            await self._hold(scope, send)
        elif path == "/antre/qr":
            await self._show_qr(scope, send)
        elif path == "/health/live":
            await answer(send, 200, b"{}", (JSON, FRESH))
        else:
            raise RouteUnknown

    async def _post(self, path: str, scope: Any, receive: Any, send: Any) -> None:
        if path == "/gate/enter":
            await self._enter(await _body(receive, _MOST_BYTES), send)
        elif path == "/gate/repair":
            await self._repair(await _body(receive, _MOST_BYTES), send)
        elif path == "/gate/join":
            await self._join_reserved(await _body(receive, _MOST_BYTES), send)
        elif path == "/gate/turn":
            await self._tell(await _body(receive, _MOST_BYTES), send)
        elif path == "/gate/report":
            now_s = time.time()
            body = await _body(receive, _MOST_REPORT_BYTES)
            self._keeper.hear(read_report(body, self._keeper.keys.passes, now_s=now_s), now_s=now_s)
            await answer(send, 204, b"", (FRESH,))
        elif path == "/antre/tempat/hadir":
            await self._hear(await _body(receive, _MOST_BYTES), send)
        elif path.startswith(_LANE_PREFIX):
            await self._join(path[len(_LANE_PREFIX) :], scope, await _body(receive, _MOST_BYTES), send)
        else:
            raise RouteUnknown

    async def _join(self, name: str, scope: Any, body: bytes, send: Any) -> None:
        """A turn for whoever asks; bound to an account where the site vouches for it (`surat` in a form)."""
        keeper, now_s = self._keeper, int(time.time())
        rule = keeper.room.rules.by_name(name)
        if rule.kind.is_reserved:
            raise LaneReserved
        is_form = body != b"" and (_header(scope, b"content-type") or "").encode().startswith(_FORM)
        if not is_form:
            self._joining.take_work(_header(scope, b"bubuh-work"), now_s=now_s)
            turn = keeper.join(rule.id, bind=ANYONE, now_s=now_s)
            shown, code = show_bytes(issue(turn, keeper.keys.turns)), code_of(turn, keeper.keys.turns)
            told = {"turn": shown, "code": code, "lane": rule.name}
            await answer(send, 200, msgspec.json.encode(told), (JSON, FRESH))
            return
        form = _fields(body.decode("latin-1"))
        wait = self._joining.wait_for(form, now_s=now_s)
        if wait is not None:
            await answer(
                send, 303, b"", ((b"location", f"/antre/tunggu?jalur={name}&tunggu={wait}".encode()), FRESH)
            )
            return
        bound = self._joining.bind(form, now_s=now_s)
        turn = keeper.join(rule.id, bind=bound.bind, now_s=now_s, holder=bound.holder)
        shown, code = show_bytes(issue(turn, keeper.keys.turns)), code_of(turn, keeper.keys.turns)
        cookies = [_cookie_of(COOKIE, shown), _cookie_of(CODE_COOKIE, code)]
        if bound.secret is not None:
            cookies.append(_secret_of(bound.secret, is_safe=self._pages.public_url.startswith("https:")))
        await answer(send, 303, b"", ((b"location", b"/antre"), FRESH, *cookies))

    async def _join_reserved(self, body: bytes, send: Any) -> None:
        """What the site sends when an account may join a reserved lane: a turn that is bound to it."""
        keeper, now_s = self._keeper, int(time.time())
        account_id, lane_id = read_voucher(body, keeper.keys.passes, now_s=now_s)
        turn = keeper.join(lane_id, bind=bind_of(account_id), now_s=now_s)
        ring = keeper.keys.turns
        shown, code = show_bytes(issue(turn, ring)), code_of(turn, ring)
        told = Joined(turn=shown, code=code, lane=turn.lane, number=turn.number)
        await answer(send, 200, msgspec.json.encode(told), (JSON, FRESH))

    async def _enter(self, body: bytes, send: Any) -> None:
        """What the site sends when an account wants in: the pass, or why not."""
        keeper, now_s = self._keeper, int(time.time())
        account_id, _ = read_voucher(body[:VOUCHER_BYTES], keeper.keys.passes, now_s=now_s)
        shown = body[VOUCHER_BYTES:]
        if len(shown) > TURN_BYTES:
            shown, proof = shown[:TURN_BYTES], shown[TURN_BYTES:]
            turn = self._turn(shown, account_id, now_s=now_s, life_s=TURN_LIFE_S)
            turn = self._joining.prove(turn, shown, proof, account_id, now_s=now_s)
        else:
            turn = self._turn(shown, account_id, now_s=now_s, life_s=TURN_LIFE_S)
        given = await keeper.enter(turn, account_id, now_s=now_s)
        await answer(send, 200, given, (_OCTETS, FRESH))

    async def _repair(self, body: bytes, send: Any) -> None:
        """What the site sends when the ledger shows an account's matter under way: the pass, or why not."""
        keeper, now_s = self._keeper, int(time.time())
        account_id, lane_id = read_voucher(body, keeper.keys.passes, now_s=now_s)
        if lane_id != REPAIR_ID:
            raise TurnRefused
        await answer(send, 200, await keeper.repair(account_id, now_s=now_s), (_OCTETS, FRESH))

    async def _tell(self, body: bytes, send: Any) -> None:
        """What the site sends when somebody wants to know of a turn: who is signed in, or nobody, and it."""
        keeper, now_s = self._keeper, int(time.time())
        account_id, _ = read_voucher(body[:VOUCHER_BYTES], keeper.keys.passes, now_s=now_s)
        deadline_s = int.from_bytes(body[VOUCHER_BYTES:_TURN_AT]) or None
        turn = self._turn(body[_TURN_AT:], account_id, now_s=now_s, life_s=PROOF_LIFE_S)
        shown = keeper.show(turn, deadline_s=deadline_s)
        await answer(send, 200, msgspec.json.encode(shown), (JSON, FRESH))

    def _turn(self, given: bytes, account_id: AccountId, *, now_s: int, life_s: int) -> Turn:
        """The turn that `account_id` shows, whole or by its code."""
        ring = self._keeper.keys.turns
        if len(given) == TURN_BYTES:
            return read_turn(given, ring, now_s=now_s, life_s=life_s)
        return turn_of(given.decode("latin-1"), ring, account_id, now_s=now_s)

    async def _show_place(self, scope: Any, send: Any) -> None:
        """Where a turn or code stands, rendered here; it loads itself again."""
        query = _fields(scope["query_string"].decode("latin-1"))
        told = query.get("nomor")
        given = told or _cookie(scope)
        keeper = self._keeper
        if not given:
            await answer(send, 200, self._pages.without_turn(keeper), (HTML, FRESH))
            return
        lane_id, number, shown = self._read(given)
        cookies = () if _cookie(scope) else (_cookie_of(CODE_COOKIE, shown),)  # no link takes a turn away
        whole = given if not told and len(given) > _LONGEST_CODE else ""
        if whole:
            keeper.room.hear(lane_id, number)
        page = self._pages.place(keeper, lane_id, number, shown, turn=whole)
        await answer(send, 200, page, (HTML, FRESH, *cookies))

    async def _hear(self, body: bytes, send: Any) -> None:
        """A whole turn says that its holder waits; a code, which can be guessed, does not."""
        turn = read_turn(read_bytes(body.decode("latin-1")), self._keeper.keys.turns, now_s=int(time.time()))
        self._keeper.room.hear(turn.lane, turn.number)
        await answer(send, 204, b"", (FRESH,))

    async def _carry(self, scope: Any, send: Any) -> None:
        """What the site leads to: a browser that keeps no turn keeps this one; to another it is shown."""
        given = _fields(scope["query_string"].decode("latin-1")).get("nomor", "")
        _, _, code = self._read(given)
        kept = _cookie(scope)
        if kept and kept not in {given, code}:
            await answer(send, 303, b"", ((b"location", f"/antre/tempat?nomor={code}".encode()), FRESH))
            return
        whole = given if len(given) > _LONGEST_CODE else ""
        cookies = (_cookie_of(COOKIE, whole), _cookie_of(CODE_COOKIE, code))
        await answer(send, 303, b"", ((b"location", b"/antre"), FRESH, *cookies))

    async def _show_wait(self, scope: Any, send: Any) -> None:
        """For browsers without scripts while a join costs work: from when on one may join."""
        query, now_s = _fields(scope["query_string"].decode("latin-1")), int(time.time())
        rule, shown = self._keeper.room.rules.by_name(query.get("jalur", "")), query.get("tunggu", "")
        left_s = self._joining.left_s(shown, now_s=now_s)
        await answer(send, 200, self._pages.wait(rule, shown, left_s), (HTML, FRESH))

    async def _hold(self, scope: Any, send: Any) -> None:
        """Back to the site with the word that this browser holds the cookie of its turn."""
        query, jar = _fields(scope["query_string"].decode("latin-1")), _jar(scope)
        given, shown = query.get("tantang", ""), jar.get(COOKIE, "")
        proof = self._joining.hold(given, shown, jar.get(SECRET_COOKIE, ""), now_s=int(time.time()))
        told = f"nomor={shown}&bukti={proof}" if proof else "bukti=-"
        there = f"{self._pages.site}/antre/masuk?{told}"
        await answer(send, 303, b"", ((b"location", there.encode()), FRESH))

    async def _show_qr(self, scope: Any, send: Any) -> None:
        given = _fields(scope["query_string"].decode("latin-1")).get("nomor") or _cookie(scope)
        _, _, shown = self._read(given or "")
        headers = ((b"content-type", b"image/svg+xml"), FRESH)
        await answer(send, 200, qr_of(f"{self._pages.public_url}/antre/tempat?nomor={shown}"), headers)

    def _read(self, given: str) -> tuple[int, int, str]:
        """Lane, number and code of a turn or code that somebody shows."""
        keys, now_s = self._keeper.keys.turns, int(time.time())
        plain = given.strip()
        if len(plain) > _LONGEST_CODE:
            raw = read_bytes(plain)
            turn = read_turn(raw, keys, now_s=now_s)
            return turn.lane, turn.number, code_of(turn, keys)
        lane_id, number = look_up(plain, keys)
        if lane_id not in self._keeper.room.lanes:
            raise TurnRefused
        return lane_id, number, plain.upper()


async def _body(receive: Any, limit_bytes: int) -> bytes:
    """The whole body; raises `BodyTooLarge`."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
    return b"".join(parts)


def _header(scope: Any, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value.decode("latin-1"))
    return None


def _cookie(scope: Any) -> str | None:
    """The turn that the browser keeps, or else its code."""
    jar = _jar(scope)
    return next((jar[name] for name in (COOKIE, CODE_COOKIE) if jar.get(name)), None)


def _jar(scope: Any) -> Mapping[str, str]:
    try:
        jar = SimpleCookie(_header(scope, b"cookie") or "")
    except CookieError:
        return {}
    return {name: kept.value for name, kept in jar.items()}


def _cookie_of(name: str, value: str) -> Header:
    life_s = TURN_LIFE_S if value else 0
    return b"set-cookie", f"{name}={value}; Path=/antre; Max-Age={life_s}; SameSite=Lax".encode()


def _secret_of(secret: str, *, is_safe: bool) -> Header:
    """For the gate alone: the page's script does not read it."""
    more = "; Secure" if is_safe else ""
    told = f"{SECRET_COOKIE}={secret}; Path=/antre; Max-Age={TURN_LIFE_S}; HttpOnly; SameSite=Lax{more}"
    return b"set-cookie", told.encode()


def _fields(text: str) -> Mapping[str, str]:
    """The first value of each field of a form or query."""
    try:
        return {name: values[0] for name, values in parse_qs(text, max_num_fields=10).items()}
    except ValueError as error:
        raise Unacceptable from error
