"""Ask a gateway about one attempt: the network, and nothing else."""

from __future__ import annotations

from bubuh.payments.model import Attempt, AttemptState, Charge, Word
from bubuh.payments.ports import Gateways, find_gateway


async def hear(gateways: Gateways, attempt: Attempt) -> Word:
    """What the gateway says of `attempt` now. No transaction may be open: this waits on a network.

    A charge whose creation we are not sure of, or that the gateway has forgotten, is created (again) with the
    same reference while there is time; after that it is closed, so that nobody pays for what is over.

    Raises:
        GatewayUnavailable: it did not answer usefully; ask again later.
    """
    gateway = find_gateway(gateways, attempt.gateway)
    if attempt.is_over:
        closing = attempt.state in {AttemptState.UNKNOWN, AttemptState.OPEN}
        ask = gateway.cancel if closing else gateway.status
        charge = await ask(attempt.reference, attempt.method)
        gone = Charge(reference=attempt.reference, state=AttemptState.CLOSED)
        return Word(attempt=attempt, charge=charge or gone)
    is_new = attempt.state is AttemptState.UNKNOWN
    known = None if is_new else await gateway.status(attempt.reference, attempt.method)
    return Word(attempt=attempt, charge=known or await gateway.create(attempt.wanted()))
