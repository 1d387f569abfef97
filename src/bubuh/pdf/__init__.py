"""Read, draw, sign and judge PDFs: the only door to the PDF libraries. Pure: bytes in, bytes out, no I/O.

`intake` -> facts or a refusal; `plan` -> what a stamp appends, but for its signature, by the engine in `lean`
or, where that declines, in `general`; `rehearse` reads it back with a second parser; `face` draws;
`seal` makes what is signed and what holds the signature; `judge` says whether a document's stamps are
genuine.
"""
