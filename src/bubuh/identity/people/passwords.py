"""Which passwords and PINs are taken."""

from __future__ import annotations

from typing import Final

from bubuh.identity.people.model import LEAST_PASSWORD, MOST_PASSWORD
from bubuh.identity.people.refusals import PasswordUnfit, PinUnfit

#: What is tried first. Source: the lists of leaked passwords that are public, their head; and local ones.
_COMMON: Final = frozenset(
    [
        "12345678",
        "123456789",
        "1234567890",
        "password",
        "password1",
        "qwertyui",
        "qwerty123",
        "iloveyou",
        "11111111",
        "00000000",
        "87654321",
        "sayangku",
        "indonesia",
        "bismillah",
        "rahasia1",
        "rahasia123",
        "katasandi",
        "abcd1234",
        "1q2w3e4r",
        "1qaz2wsx",
        "asdfghjk",
        "admin123",
        "meterai1",
        "emeterai",
        "meterai123",
        "garuda123",
        "jakarta1",
        "pancasila",
        "merdeka45",
        "anjing123",
        "cintaku1",
        "terserah",
    ]
)
_UP: Final = "01234567890"


def check_password(password: str) -> None:
    """Pass for 8 to 200 characters that are not the first guess; raises `PasswordUnfit`."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise PasswordUnfit
    if password.lower() in _COMMON or len(set(password)) < 3:
        raise PasswordUnfit


def check_pin(pin: str) -> None:
    """Pass for six digits that are not the first guess: one digit repeated, or a run; raises `PinUnfit`."""
    if len(pin) != 6 or not (pin.isascii() and pin.isdigit()):
        raise PinUnfit
    if len(set(pin)) == 1 or pin in _UP or pin in _UP[::-1]:
        raise PinUnfit
