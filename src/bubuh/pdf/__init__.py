"""Read, draw, sign and judge PDFs: the only door to the PDF libraries. Pure: bytes in, bytes out, no I/O.

`inspect` -> facts or a refusal; `plan` -> what a stamp appends, but for its signature; `rehearse` reads it
back with a second parser; `cms` makes what is signed and what holds the signature; `judge` says whether a
document's stamps are genuine.
"""
