"""Who a visitor is, without an account: random tokens that only this study can have signed."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from study.design import SECRET
from study.study_error import StudyError

_TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{32})")


def write_secret(folder: Path) -> None:
    """Make STUDY/secret.key, which only its owner may read."""
    handle = os.open(folder / SECRET, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")


def read_secret(folder: str | Path) -> bytes:
    """The study's secret, 32 bytes.

    Raises:
        StudyError: it is missing or damaged.
    """
    path = Path(folder) / SECRET
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError):
        secret = b""
    if len(secret) != 32:
        raise StudyError(f"{path}: missing or damaged: without it no visit can go on")
    return secret


def new_token(secret: bytes) -> str:
    """A visitor's token: 128 random bits, signed."""
    return _signed(secret, secrets.token_hex(16))


def visitor(secret: bytes, token: str | None) -> str | None:
    """What a token's visitor is called in the database; None if this study did not make it.

    The name is a hash: who reads the database cannot vote as anybody.
    """
    match = _TOKEN.fullmatch(token or "")
    if match is None or not hmac.compare_digest(_signed(secret, match[1]), token):
        return None
    return hashlib.sha256(b"visitor " + match[1].encode()).hexdigest()


def results_key(secret: bytes) -> str:
    """What opens the results page: 100 bits, the same at every start."""
    return _mac(secret, "results")[:25]


def results_proof(secret: bytes) -> str:
    """What a browser holds that has given the key."""
    return _mac(secret, "results were opened")


def same(given: str | None, expected: str) -> bool:
    """Whether a secret is right, in the same time whatever is given."""
    return hmac.compare_digest((given or "").encode(), expected.encode())


def _signed(secret, nonce):
    return f"{nonce}.{_mac(secret, f'token {nonce}')[:32]}"


def _mac(secret, text):
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
