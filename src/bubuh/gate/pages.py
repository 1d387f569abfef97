"""The waiting page, the same bytes for everybody; and the page for browsers without scripts."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re
import time
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bubuh.gate.answer import HTML, Header
from bubuh.gate.keeper import Keeper
from bubuh.gate.now import reached_by
from bubuh.gate.why import WORDS
from bubuh.waitingroom.estimate import Verdict, arrival, verdict
from bubuh.waitingroom.lanes import LaneKind, LaneRule, RoomRules
from bubuh.waitingroom.room import Lane

_FILES: Final = files("bubuh.gate")
_REFRESH_S: Final = 15
_JAKARTA: Final = timezone(timedelta(hours=7), "WIB")
_SHORTLY: Final = (b"cache-control", b"public, max-age=60")
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_NOT_DRAWN: Final = """\
<p><b>Urutan belum diundi.</b></p><p>Nomor ini ikut undian pembukaan; datang lebih awal tidak mendahului.
Setelah diundi, tempat Anda muncul di sini.</p>"""
_CLOSED: Final = """\
<p><b>Jalur ini sudah ditutup.</b></p><p>Nomor yang belum dipanggil tidak akan dipanggil lagi. Ambil nomor di
<a href="/antre">jalur lain</a>; bukti antrean masih dapat diminta.</p>"""
PAGE_FILE: Final = "antre.html"
_META: Final = '<meta http-equiv="content-security-policy" content="{policy}">'
_FORM: Final = """\
<form action="/antre/{name}" method="post"><input type="hidden" name="form" value="1">
<button>{title}{until}</button></form>"""
_WAY: Final = '<a class="go" href="{site}/jalur/{name}">{title}{until}</a>'
_VERDICTS: Final = {
    Verdict.YES: "terkejar.",
    Verdict.LIKELY: "mungkin terkejar, belum pasti.",
    Verdict.NO: "tidak terkejar; nomor terakhir yang terkejar {last}. Mintalah bukti antrean.",
}


class Pages:
    """Renders for one service: `site` is where the site is, `public_url` where the gate is."""

    def __init__(
        self, *, site: str, public_url: str, key: Ed25519PublicKey, public: Path | None = None
    ) -> None:
        """`public`: a folder in which the waiting page is kept for any web server, plain and packed."""
        self.site, self.public_url = site.rstrip("/"), public_url.rstrip("/")
        self._key = base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()
        self._public = public
        self._rules: RoomRules | None = None
        self._plain, self._packed = b"", b""
        self._headers: tuple[Header, ...] = ()

    def follow(self, rules: RoomRules) -> None:
        """Show these lanes from now on."""
        if rules == self._rules:
            return
        self._rules = rules
        text = (_FILES / "waiting.html").read_text(encoding="utf-8")
        text = text.replace("__SITE__", html.escape(self.site)).replace("__KEY__", self._key)
        text = text.replace("__WHY__", msgspec.json.encode(WORDS).decode())
        text = text.replace("<!--LANES-->", self._forms(rules))
        policy = _policy(text)
        text = text.replace("<!--POLICY-->", _META.format(policy=policy.decode()))
        told = policy + b"; frame-ancestors 'none'"
        self._headers = (
            HTML,
            _SHORTLY,
            (b"vary", b"accept-encoding"),
            (b"content-security-policy", told),
        )
        self._plain = text.encode()
        self._packed = gzip.compress(self._plain, 9, mtime=0)
        if self._public is not None:
            _replace(self._public / PAGE_FILE, self._plain)
            _replace(self._public / (PAGE_FILE + ".gz"), self._packed)

    def waiting(self, accept_encoding: str | None) -> tuple[int, bytes, tuple[Header, ...]]:
        """Status, body and headers of the waiting page."""
        if "gzip" in (accept_encoding or ""):
            return 200, self._packed, (*self._headers, (b"content-encoding", b"gzip"))
        return 200, self._plain, self._headers

    def without_turn(self, keeper: Keeper) -> bytes:
        """For browsers without scripts: take a turn."""
        body = (
            f"{self._forms(keeper.room.rules)}<form action='/antre/tempat'><label>Kode: <input name='nomor'>"
        )
        return self._page("Ambil nomor", body + "</label> <button>Lihat tempat saya</button></form>", 3600)

    def place(self, keeper: Keeper, lane_id: int, number: int, code: str, *, turn: str = "") -> bytes:
        """For browsers without scripts: where a turn stands now; `turn`, where the browser has it whole."""
        lane = keeper.room.lanes[lane_id]
        stands = lane.place(number)
        ahead = max(0, (number if stands is None else stands) - lane.window.serving)
        shown = html.escape(code)
        said = [f"<p><b>{ahead:,}</b> nomor di depan Anda.</p>".replace(",", ".")]
        if lane.rule not in keeper.room.rules.lanes and ahead:
            said = [_CLOSED]
        elif stands is None:
            said = [_NOT_DRAWN]
        elif ahead == 0:
            link = f"{self.site}/antre/masuk?nomor={html.escape(turn or code)}"
            said = [f'<p><b>Giliran Anda!</b></p><p><a href="{link}">Masuk sekarang</a></p>']
        elif not keeper.is_open:
            said.append("<p>Antrean sedang tidak berjalan; tidak ada nomor yang hangus selama itu.</p>")
        elif (found := arrival(ahead, lane.told_pace)) is not None:
            said.append(
                f"<p>Perkiraan giliran antara {_clock(found.likely_s)} dan {_clock(found.latest_s)}.</p>"
            )
        if keeper.why is not None:
            said.append(f"<p>{WORDS[keeper.why]}</p>")
        if lane.rule.deadline_at is not None and stands is not None:
            said.append(f"<p>{_told(keeper, lane, stands)}</p>")
        if stands is None or ahead:
            wish = f"{self.site}/antre/kabari?nomor={html.escape(turn or code)}"
            said.append(f"<p><a href='{wish}'>Kabari saya saat dipanggil</a></p>")
        said += [
            f"<p>Kode Anda: <code>{shown}</code> · <a href='/antre/qr?nomor={shown}'>QR</a></p>",
            f"<p><a href='{self.site}/bukti-antre?nomor={html.escape(turn or code)}'>Bukti antrean</a></p>",
            f"<p>Terakhir diperbarui {_clock(0)}; halaman ini memuat ulang sendiri.</p>",
            "<p><a href='/antre'>Halaman lengkap</a></p>",
        ]
        return self._page("Tempat Anda", "\n".join(said), _REFRESH_S)

    def wait(self, rule: LaneRule, shown: str, left_s: int) -> bytes:
        """For browsers without scripts while a join costs work: when one may join, or the button."""
        if left_s:
            body = f"<p>Sangat banyak yang mengambil nomor. Anda bisa mengambil nomor pada {_clock(left_s)}; "
            body += f"tanpa menunggu bila <a href='{self.site}/antre/nomor'>masuk akun</a> dahulu.</p>"
            return self._page("Tunggu sebentar", body, min(left_s, _REFRESH_S))
        token = f'<input type="hidden" name="tunggu" value="{html.escape(shown)}"><button>'
        return self._page("Ambil nomor", self._form(rule).replace("<button>", token), 300)

    def _forms(self, rules: RoomRules) -> str:
        """What one joins a lane with: a button; for a reserved lane the way to its page on the site."""
        return "\n".join(self._form(rule) for rule in rules.lanes if rule.kind is not LaneKind.REPAIR)

    def _form(self, rule: LaneRule) -> str:
        return (_WAY if rule.kind.is_reserved else _FORM).format(
            site=html.escape(self.site), name=rule.name, title=html.escape(rule.title), until=_until(rule)
        )

    def _page(self, title: str, body: str, refresh_s: int) -> bytes:
        text = (_FILES / "place.html").read_text(encoding="utf-8")
        return text.format(title=title, body=body, refresh_s=refresh_s, site=html.escape(self.site)).encode()


def _told(keeper: Keeper, lane: Lane, place: int) -> str:
    """Whether the deadline is met, in words."""
    now_s, deadline_at = int(time.time()), lane.rule.deadline_at
    assert deadline_at is not None
    within = reached_by(keeper.room, now_s=now_s).get(lane.rule.id, 0)
    left_s = deadline_at - now_s - keeper.room.rules.safety_s
    ahead = max(0, place - lane.window.serving)
    until = _until(lane.rule).removeprefix(" · ").capitalize()
    found = Verdict.YES if ahead == 0 else verdict(ahead, within, left_s, rests=lane.rests)
    last = f"{lane.window.serving + within:,}".replace(",", ".")
    return f"{until}: {_VERDICTS[found].format(last=last)}"


def _until(rule: LaneRule) -> str:
    if rule.deadline_at is None:
        return ""
    return " · tenggat " + datetime.fromtimestamp(rule.deadline_at, _JAKARTA).strftime("%d-%m-%Y %H.%M WIB")


def _clock(ahead_s: float) -> str:
    return datetime.fromtimestamp(time.time() + ahead_s, _JAKARTA).strftime("%H.%M.%S WIB")


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(content)
    unfinished.chmod(0o644)
    unfinished.replace(path)


def _policy(text: str) -> bytes:
    """Only the page's own script and style run, by their hashes. Source: CSP Level 3, 2.3.1.

    It stands in the page too, which any web server may hand out; `frame-ancestors` would mean nothing there.
    """
    hashes = {
        tag: base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        for tag, content in _INLINE.findall(text)
    }
    policy = (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'"
    )
    return policy.encode()
