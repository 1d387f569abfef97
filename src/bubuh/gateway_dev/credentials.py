"""What the gateway and its one customer know each other by, in each dialect."""

from __future__ import annotations

import secrets
from typing import Final, Self

import msgspec

NATIVE: Final = "development"  #: the dialect of our own, and its name in addresses


class Credentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Empty: the dialect is not spoken."""

    native: bytes
    midtrans_server_key: str = ""
    xendit_secret_key: str = ""
    xendit_callback_token: str = ""
    xendit_callback_secret: str = ""
    snap_client_key: str = ""
    snap_client_secret: str = ""
    snap_customer_key: str = ""  #: PEM: the customer's RSA key, its public half
    snap_bank_key: str = ""  #: PEM: the gateway's own RSA key; with it notices are signed by RSA

    snap_token_key: str = ""  #: PEM: the gateway's own RSA key; with it the customer is asked about accounts
    snap_customer_digits: int = 18  #: of an account's number, those behind the customer's own
    snap_accounts_client_key: str = ""  #: what the customer knows us by; empty: snap_client_key
    snap_signed_paths: dict[str, str] = {}  #: by service, inquiry and payment; else the path that is called

    def strange(self) -> Self:
        """Those of somebody else, for forgeries; keys of RSA stay what they are, and sign the wrong text."""
        return msgspec.structs.replace(
            self,
            native=secrets.token_bytes(32),
            midtrans_server_key=secrets.token_hex(16),
            xendit_callback_token=secrets.token_hex(16),
            xendit_callback_secret=secrets.token_hex(16),
            snap_client_secret=secrets.token_hex(16),
            snap_bank_key="",
        )
