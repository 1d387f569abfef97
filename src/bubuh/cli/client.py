"""The service over HTTP, as any integrator sees it: what `bubuh demo` and `bubuh affix` speak."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from bubuh.cli.client_queue import wait_for_pass
from bubuh.core.errors import Fault, Refusal
from bubuh.edge.door import PASS_HEADER
from bubuh.waitingroom.refusals import PassNeeded

WAIT_S: Final = 20
_TIMEOUT_S: Final = 60.0


class ServiceRefused(Refusal):
    """The service answered with a problem; its own code and words are in the details."""

    code = "service_refused"


class ServiceUnreachable(Fault):
    """Nobody answers at the address, or the answer is a failure of the service's own."""

    code = "service_unreachable"


class Client:
    """One caller of one service."""

    def __init__(self, url: str, *, key: str | None = None) -> None:
        """`key` is needed for all but the public calls."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str) -> dict[str, Any]:
        """The resource at `path`; raises `ServiceRefused`, `ServiceUnreachable`."""
        return dict(self._call("GET", path).json())

    def post(
        self,
        path: str,
        body: object = None,
        *,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> dict[str, Any]:
        """Create or do something; a creating call needs its `idempotency_key`."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        if prefer:
            headers["Prefer"] = prefer
        return dict(self._call("POST", path, json=body, headers=headers).json())

    def upload(self, document: Path) -> dict[str, Any]:
        """Send a document; answers its resource."""
        headers = {
            "Content-Type": "application/pdf",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(document.name)}",
            "Idempotency-Key": fresh_key(),
        }
        body = document.read_bytes()
        return dict(self._call("POST", "/v1/documents", content=body, headers=headers).json())

    def verify(self, document: bytes) -> dict[str, Any]:
        """What the service says of a document."""
        headers = {"Content-Type": "application/pdf"}
        return dict(self._call("POST", "/v1/verifications", content=document, headers=headers).json())

    def download(self, path: str) -> bytes:
        """The bytes at `path`."""
        return self._call("GET", path).content

    def increment(self, stamp_id: str) -> tuple[bytes, bytes]:
        """What a stamp appends, and the SHA-256 of the whole document with it."""
        answer = self._call("GET", f"/v1/stamps/{stamp_id}/increment")
        return answer.content, bytes.fromhex(answer.headers["ETag"].strip('"'))

    def press(self, url: str) -> None:
        """Do what the one button of a page elsewhere does, such as a development gateway's "Bayar"."""
        try:
            httpx.post(url, timeout=_TIMEOUT_S).raise_for_status()
        except httpx.HTTPError as error:
            raise ServiceUnreachable(f"{url}: {error}") from error

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer; while programs queue, once this one's turn has come."""
        answer = self._send(method, path, allowed=(429,), **options)
        while not answer.is_success:
            problem = _problem(answer)
            if problem.get("code") != PassNeeded.code or "join" not in problem:
                self._see(answer, method, path)
            self._http.headers[PASS_HEADER] = wait_for_pass(self._send, problem["join"])
            answer = self._send(method, path, allowed=(429,), **options)
        return answer

    def _send(
        self, method: str, path: str, *, allowed: Collection[int] = (), **options: Any
    ) -> httpx.Response:
        """The answer, if it is good or of an `allowed` status; keeps the pass that it bears."""
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ServiceUnreachable(f"{self._http.base_url}: {error}") from error
        if PASS_HEADER in answer.headers:
            self._http.headers[PASS_HEADER] = answer.headers[PASS_HEADER]
        if answer.status_code not in allowed:
            self._see(answer, method, path)
        return answer

    def _see(self, answer: httpx.Response, method: str, path: str) -> None:
        """Raises `ServiceRefused` or `ServiceUnreachable` for an answer that is not good."""
        if answer.is_success:
            return
        problem = _problem(answer)
        problem.pop("join", None)
        if answer.status_code >= 500:
            raise ServiceUnreachable(f"{method} {path}: {answer.status_code} {problem.get('code', '')}")
        pointer = problem.pop("pointer", None)
        raise ServiceRefused(pointer=pointer, status=answer.status_code, **problem)


def fresh_key() -> str:
    """An Idempotency-Key for a new act."""
    return str(uuid.uuid4())


def _problem(answer: httpx.Response) -> dict[str, Any]:
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        found = answer.json()
        return {name: found[name] for name in ("code", "title", "detail", "pointer", "join") if name in found}
    return {"detail": answer.text[:200]}
