"""A small time-stamping authority: a real HTTP service on loopback that can be told to misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import algos, cms, core, tsp, x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
POLICY = "1.3.6.1.4.1.99999.1"


@dataclass(kw_only=True)
class Script:
    """What the authority does with the next requests; as it stands, all is well."""

    status: int = 200
    content_type: str = REPLY
    granted: str = "granted"
    late_s: float = 0.0
    ahead: timedelta = timedelta()
    nonce: Callable[[int], int | None] = lambda nonce: nonce
    message_digest: Callable[[bytes], bytes] = lambda digest: digest
    signature: Callable[[bytes], bytes] = lambda signature: signature
    body: Callable[[bytes], bytes] = lambda body: body
    padding_bytes: int = 0  #: carried by the token in a needless certificate attribute


@dataclass
class Authority:
    """One authority with its keys, its script, and a count of what it was asked."""

    root: bytes  #: DER
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    script: Script = field(default_factory=Script)
    url: str = ""
    asked: int = 0

    @classmethod
    def found(
        cls, now: datetime, *, usages: list[x509.ObjectIdentifier] | None = None, critical: bool = True
    ) -> Authority:
        """A root and a certificate under it, for what `usages` say."""
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = _certificate("Akar Waktu (UJI)", root_key, None, root_key, now, None)
        extension = x509.ExtendedKeyUsage(usages or [ExtendedKeyUsageOID.TIME_STAMPING])
        leaf = _certificate("Otoritas Waktu (UJI)", key, root, root_key, now, (extension, critical))
        return cls(root.public_bytes(serialization.Encoding.DER), leaf, key)

    def token(self, message_digest: bytes, nonce: int | None, at: datetime) -> cms.ContentInfo:
        """A time-stamp token over `message_digest`, as the script has it."""
        info = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": self.script.message_digest(message_digest),
            },
            "serial_number": x509.random_serial_number(),
            "gen_time": at + self.script.ahead,
        }
        if nonce is not None:
            info["nonce"] = nonce
        return self._signed(tsp.TSTInfo(info).dump())

    def answer(self, query: bytes) -> bytes:
        """The TimeStampResp to a TimeStampReq."""
        asked = tsp.TimeStampReq.load(query, strict=True)
        assert asked["cert_req"].native
        status = {"status": self.script.granted}
        if self.script.granted not in {"granted", "granted_with_mods"}:
            return bytes(core.SequenceOf([tsp.PKIStatusInfo(status)], spec=tsp.PKIStatusInfo).dump())
        token = self.token(
            asked["message_imprint"]["hashed_message"].native,
            self.script.nonce(asked["nonce"].native),
            datetime.now(UTC).replace(microsecond=0),
        )
        return bytes(tsp.TimeStampResp({"status": status, "time_stamp_token": token}).dump())

    def _signed(self, info: bytes) -> cms.ContentInfo:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        own = asn1_x509.Certificate.load(der)
        bound = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": _sha256(der)})]})
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute({"type": "message_digest", "values": [_sha256(info)]}),
                cms.CMSAttribute({"type": "signing_certificate_v2", "values": [bound]}),
            ]
        )
        signature = self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        signer = {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}},
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": self.script.signature(signature),
        }
        if self.script.padding_bytes:
            filler = core.OctetString(bytes(self.script.padding_bytes))
            signer["unsigned_attrs"] = [
                cms.CMSAttribute({"type": "1.3.6.1.4.1.99999.2", "values": [core.Any(filler)]})
            ]
        return cms.ContentInfo(
            {
                "content_type": "signed_data",
                "content": cms.SignedData(
                    {
                        "version": "v3",
                        "digest_algorithms": [{"algorithm": "sha256"}],
                        "encap_content_info": {
                            "content_type": "tst_info",
                            "content": core.ParsableOctetString(info),
                        },
                        "certificates": [own, asn1_x509.Certificate.load(self.root)],
                        "signer_infos": [signer],
                    }
                ),
            }
        )


@contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    """`authority` at its `url`, on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked += 1
            script = authority.script
            time.sleep(script.late_s)
            right = self.headers["Content-Type"] == QUERY
            body = script.body(authority.answer(query)) if right else b"not a query"
            self.send_response(script.status if right else 415)
            self.send_header("Content-Type", script.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    usage: tuple[x509.ExtendedKeyUsage, bool] | None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    is_authority = usage is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(_key_usage(is_authority=is_authority), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(usage[0], critical=usage[1])
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _sha256(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()
