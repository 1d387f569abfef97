"""What it takes to join, and whose the turn is then; what it takes to enter with one of a browser."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bubuh.core.ids import AccountId
from bubuh.gate.keeper import Keeper
from bubuh.waitingroom.passes import read_voucher
from bubuh.waitingroom.possession import (
    CHALLENGE_BYTES as ASKED_BYTES,
    SECRET_BYTES,
    bind_of_key,
    bind_of_secret,
    check_held,
    check_key,
    hold,
)
from bubuh.waitingroom.refusals import TurnRefused
from bubuh.waitingroom.turn import ANYONE, Holder, Turn, bind_of, read_bytes, read_turn, show_bytes
from bubuh.waitingroom.waits import Waits, left_s
from bubuh.waitingroom.work import CHALLENGE_BYTES, WorkNeeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Whose a new turn is; `secret` goes into its holder's cookie."""

    bind: int
    holder: Holder = Holder.ACCOUNT
    secret: str | None = None


class Joining:
    """For one gate.

    A form has `surat` (the site's voucher), `kunci` (a browser's key), `kerja` (work) and `tunggu` (a wait
    that is over), each base64url.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._waits = Waits()

    def wait_for(self, form: Mapping[str, str], *, now_s: int) -> str | None:
        """The wait that must be over first; None: this form may join. Raises `WorkNeeded`.

        Who is signed in, and whoever joins while few do, needs no work.
        """
        keeper, toll = self._keeper, self._keeper.toll
        if not toll.work or form.get("surat"):
            return None
        if work := form.get("kerja"):
            self.take_work(work, now_s=now_s)
            return None
        if shown := form.get("tunggu"):
            if left_s(read_bytes(shown), keeper.keys.turns, toll, now_s=now_s):
                return shown
            toll.use_once(shown.encode("ascii"))
            return None
        calm_per_s = keeper.room.rules.calm_per_s
        return show_bytes(self._waits.give(keeper.keys.turns, toll, now_s=now_s, calm_per_s=calm_per_s))

    def take_work(self, shown: str | None, *, now_s: int) -> None:
        """Accept a challenge and its solution, where joins cost work; raises `WorkNeeded`."""
        toll = self._keeper.toll
        if not toll.work:
            return
        try:
            given = read_bytes(shown or "")
        except TurnRefused as error:
            raise WorkNeeded(work=toll.work) from error
        toll.take(given[:CHALLENGE_BYTES], given[CHALLENGE_BYTES:], now_s=now_s)

    def left_s(self, shown: str, *, now_s: int) -> int:
        """Seconds until a wait is over; raises `WorkNeeded`."""
        return left_s(read_bytes(shown), self._keeper.keys.turns, self._keeper.toll, now_s=now_s)

    def bind(self, form: Mapping[str, str], *, now_s: int) -> Bound:
        """To the account that the site vouches for, the browser's key, or else a new cookie of its own."""
        if letter := form.get("surat"):
            said = read_voucher(read_bytes(letter), self._keeper.keys.passes, now_s=now_s)
            return Bound(bind=bind_of(said.account_id))
        if key := form.get("kunci"):
            return Bound(bind=bind_of_key(read_bytes(key)), holder=Holder.KEY)
        secret = secrets.token_bytes(SECRET_BYTES)
        return Bound(bind=bind_of_secret(secret), holder=Holder.COOKIE, secret=show_bytes(secret))

    def prove(self, turn: Turn, shown: bytes, proof: bytes, account_id: AccountId, *, now_s: int) -> Turn:
        """`turn` as one that `account_id` may enter with; raises `ProofNeeded`."""
        ring = self._keeper.keys.passes
        match turn.holder:
            case Holder.KEY:
                check_key(proof, shown, bind=turn.bind, account_id=account_id, ring=ring, now_s=now_s)
            case Holder.COOKIE:
                check_held(proof, shown, account_id=account_id, ring=ring, now_s=now_s)
            case Holder.ACCOUNT:
                return turn
        return replace(turn, bind=ANYONE, holder=Holder.ACCOUNT)

    def hold(self, given: str, shown: str, secret: str, *, now_s: int) -> str | None:
        """Our word for the site that this browser has the turn's cookie; None: it has not."""
        try:
            raw, asked, kept = read_bytes(shown), read_bytes(given), read_bytes(secret)
            turn = read_turn(raw, self._keeper.keys.turns, now_s=now_s)
        except TurnRefused:
            return None
        is_held = turn.holder is Holder.COOKIE and turn.bind == bind_of_secret(kept)
        if not is_held or len(asked) != ASKED_BYTES:
            return None
        return show_bytes(hold(asked, raw, self._keeper.keys.passes))
