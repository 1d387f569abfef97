"""What the service states about itself and signs with its statement key: outages, turns. Never a stamp.

A statement is wanted by a row, in the transaction that makes it true; the signer signs it soon after. Its
`facts` are bytes that are kept and signed as they are, its signature is a detached CMS over them, which
`openssl cms -verify -binary -inform DER` checks against the service's root certificate.
"""
