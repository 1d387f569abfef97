"""Every gateway adapter, pointed at one development gateway that speaks its dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.adapters.midtrans import Midtrans, MidtransProfile
from bubuh.adapters.snap.gateway import SnapGateway
from bubuh.adapters.snap.profile import SnapAccounts, SnapKeys, SnapProfile
from bubuh.adapters.xendit import Xendit, XenditProfile
from bubuh.payments.model import Method
from tests.gateway_dev.rig import BANK_KEY, CREDENTIALS, CUSTOMER_KEY, SECRET

PROFILE = SnapProfile(
    name="snap",
    address="https://bank.invalid",
    client_key=CREDENTIALS.snap_client_key,
    partner_id="BUBUH",
    channel_id="95221",
    merchant_id="M1",
    terminal_id="T1",
    our_key="ours.pem",
    client_secrets=["secret"],
)
ACCOUNTS = SnapAccounts(partner_service_id="88899")


@dataclass(frozen=True)
class Dialect:
    """An adapter and what it can do."""

    make: Callable[..., Any]
    methods: frozenset[Method] = frozenset(Method)
    tells_code_again: bool = True  #: what a payer needs is told by status as well
    tells_reversals: bool = False
    pends: bool = True  #: a refund may take its time
    refunds: frozenset[Method] = frozenset(Method)  #: money by which goes back
    numbered_by_us: frozenset[Method] = frozenset()  #: there before the gateway has heard of it


def development(address: Any, key: str | None = None, **more: Any) -> DevelopmentGateway:
    return DevelopmentGateway(address, [SECRET if key is None else key.encode()], **more)


def midtrans(address: Any, key: str | None = None, **more: Any) -> Midtrans:
    profile = MidtransProfile(server_keys=[key or CREDENTIALS.midtrans_server_key])
    return Midtrans(profile, address, **more)


def xendit(address: Any, key: str | None = None, **more: Any) -> Xendit:
    profile = XenditProfile(
        secret_keys=[key or CREDENTIALS.xendit_secret_key],
        callback_tokens=[CREDENTIALS.xendit_callback_token],
        callback_secrets=[CREDENTIALS.xendit_callback_secret],
    )
    return Xendit(profile, address, **more)


def snap(address: Any, key: str | None = None, **more: Any) -> SnapGateway:
    secrets = (key or CREDENTIALS.snap_client_secret,)
    keys = SnapKeys(ours=CUSTOMER_KEY, banks=(BANK_KEY.public_key(),), secrets=secrets)
    profile = msgspec.structs.replace(PROFILE, accounts=ACCOUNTS)
    return SnapGateway(profile, keys, address=address, **more)


DIALECTS = {
    "development": Dialect(development, tells_reversals=True),
    "midtrans": Dialect(
        midtrans,
        tells_code_again=False,
        tells_reversals=True,
        pends=False,
        refunds=frozenset({Method.QRIS}),
    ),
    "xendit": Dialect(xendit),
    "snap": Dialect(
        snap,
        tells_code_again=False,
        refunds=frozenset({Method.QRIS}),
        numbered_by_us=frozenset({Method.VA}),
    ),
}
