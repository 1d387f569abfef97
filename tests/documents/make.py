"""Bodies, documents and a house to receive them in: valid by default, only what matters is spelled out."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pikepdf
from reportlab.pdfgen.canvas import Canvas

from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.documents.find import find_document
from bubuh.documents.keys import StoreKey
from bubuh.documents.model import Document, Received
from bubuh.documents.ports import Objects
from bubuh.documents.receive import receive
from bubuh.documents.revisions import create_increment, open_revision
from bubuh.sandbox import Sandbox
from tests.conftest import Dsns


def letter(text: str = "Surat lamaran", *, pages: int = 1) -> bytes:
    """A letter as a simple program writes it."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    for page in range(pages):
        canvas.drawString(72, 720, f"{text}, halaman {page + 1}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def heavy(size_bytes: int) -> bytes:
    """A letter of exactly so many bytes."""
    ballast = size_bytes - 2_000
    while len(data := _with_ballast(ballast)) != size_bytes:
        ballast += size_bytes - len(data)
    return data


def locked() -> bytes:
    """A letter under a password nobody here has."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(letter())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user="rahasia", owner="pemilik"))
    return out.getvalue()


def truncated() -> bytes:
    """A letter whose last half was lost."""
    return (data := letter(pages=3))[: len(data) // 2]


def _with_ballast(size_bytes: int) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(letter())) as pdf:
        pdf.Root.BallastOfATest = pikepdf.Stream(pdf, bytes(size_bytes))
        pdf.save(out, static_id=True, compress_streams=False)
    return out.getvalue()


class Body:
    """A body that arrives in pieces, and knows how many were asked for."""

    def __init__(self, data: bytes | Iterable[bytes], *, piece_bytes: int = 65_536) -> None:
        self.read_bytes = 0
        if isinstance(data, bytes):
            data = [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]
        self._pieces = iter(data)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.read_bytes += len(piece)
            yield piece


@dataclass(frozen=True)
class House:
    """All that documents live in, and an owner's hand for what the application may not do."""

    dsns: Dsns
    db: Database
    owner: Conn
    sandbox: Sandbox
    objects: Objects
    folder: Path
    store_key: StoreKey = field(default_factory=StoreKey.fresh)

    async def receive(
        self,
        data: bytes | AsyncIterable[bytes],
        *,
        document_id: UUID | None = None,
        account_id: AccountId | None = None,
        name: str = "surat.pdf",
        objects: Objects | None = None,
        announced_bytes: int | None = None,
    ) -> Received:
        account_id = account_id or fresh_account_id()
        return await receive(
            aiter(Body(data) if isinstance(data, bytes) else data),
            document_id=document_id or fresh_id(account_id),
            account_id=account_id,
            name=name,
            db=self.db,
            sandbox=self.sandbox,
            objects=objects or self.objects,
            store_key=self.store_key,
            announced_bytes=announced_bytes,
        )

    async def document(self, **wanted: bytes) -> Document:
        """A document that is ready."""
        return (await self.receive(wanted.get("data", letter()))).document

    async def append(self, document: Document, no: int, increment: bytes) -> str:
        """Keep an increment and write its row, as stamping does."""
        key = await self.create_increment(document, no, increment)
        whole = await self.read(document, no - 1) + increment
        await self.owner.execute(
            """INSERT INTO document_revisions (shard, account_id, document_id, no, stamp_id, object_key,
                                               increment_bytes, sha256, size_bytes)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
            document.shard,
            document.account_id,
            document.id,
            no,
            uuid4(),
            key,
            len(increment),
            hashlib.sha256(whole).digest(),
            len(whole),
        )
        return key

    async def create_increment(self, document: Document, no: int, increment: bytes) -> str:
        return await create_increment(document, no, increment, objects=self.objects, store_key=self.store_key)

    async def read(self, document: Document, no: int = 0) -> bytes:
        opened = await open_revision(
            document.account_id,
            document.id,
            no,
            db=self.db,
            objects=self.objects,
            store_key=self.store_key,
        )
        return await opened.read()

    async def now(self, document: Document) -> Document:
        return await find_document(self.db, document.account_id, document.id)

    async def destroy(self, document: Document) -> None:
        """What deleting is: the key goes."""
        await self.db.execute(
            """UPDATE documents SET state = 'destroyed', key_sealed = NULL, name_sealed = NULL,
                      object_key = NULL, base_object_key = NULL
                WHERE shard = $1 AND account_id = $2 AND id = $3""",
            shard_of_account(document.account_id),
            document.account_id,
            document.id,
        )

    def file(self, object_key: str | None) -> Path:
        assert object_key is not None
        return self.folder / object_key

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]
