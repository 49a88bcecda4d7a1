"""Says in words of people why an engine, a network or a certificate refused."""

import re

_SENTENCES = (
    (r"certificate is not yet valid", "the server's certificate is not valid yet: check the clock of this machine"),
    (r"CERTIFICATE_VERIFY_FAILED.*expired",
     "the server's certificate has expired, or the clock of this machine is wrong: see `aion cluster renew`"),
    (r"CERTIFICATE_VERIFY_FAILED.*(mismatch|doesn't match|not valid for)",
     "the server's certificate is for another name or address than the one it was reached by"),
    (r"CERTIFICATE_VERIFY_FAILED",
     "the server does not belong to the cluster of these keys: its certificate is signed by another authority"),
    (r"alert certificate expired",
     "the certificate of this member has expired: make new keys with `aion cluster renew`, and copy them here"),
    (r"alert (unknown ca|bad certificate|certificate required|certificate unknown|decrypt error)",
     "the server does not accept the keys of this member: they are of another cluster, or damaged"),
    (r"(?i)authorization (violation|failed)|user authentication (expired|revoked)|account authentication expired",
     "the server refuses this member: it was removed from the cluster, or its keys were made anew"),
    (r"(?i)permissions? violation", "the rights of this member do not allow it: {}"),
    (r"(?i)no space left|insufficient (storage )?resources|maximum bytes exceeded|resource limits exceeded",
     "the servers' store is full ({}): make room on their disks"),
    (r"(?i)maximum payload|message size exceeds",
     "a message is larger than the servers take ({}): set max_payload to 8MB"),
    (r"(?i)no responders",
     "the servers have no leader for it at the moment, or run without JetStream: start them with -js"),
    (r"^nats: timeout$", "no answer in time"),
    (r"(?i)tls: first record|WRONG_VERSION_NUMBER",
     "the server does not speak TLS there: check its address and port"),
    (r"(?i)empty response from server|unexpected EOF|connection reset|broken pipe|connection lost|UnexpectedEOF",
     "the server ended the connection ({}): it is stopping, or does not accept the keys of this member"),
)  # fmt: skip


def sentence(why: str) -> str:
    """Return `why` in a sentence; as it is where there is none for it."""
    for pattern, text in _SENTENCES:
        if re.search(pattern, why):
            return text.format(why)
    return why
