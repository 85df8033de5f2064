"""Tokens that identify visitors without an account; the study signs every token."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from common.plain_file import read_plain
from study.design import SECRET, StudyError

_TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{32})")


def write_secret(folder: Path) -> None:
    """Write STUDY/secret.key, which only its owner may read."""
    handle = os.open(folder / SECRET, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")


def read_secret(folder: str | Path) -> bytes:
    """Read the secret of the study, 32 bytes.

    Raises:
        StudyError: the file is missing or damaged.
    """
    path = Path(folder) / SECRET
    try:
        secret = bytes.fromhex(read_plain(path).decode("ascii").strip())
    except (OSError, ValueError):
        secret = b""
    if len(secret) != 32:
        raise StudyError(f"{path}: missing or damaged: restore the file from a copy of the study")
    return secret


def new_token(secret: bytes) -> str:
    """Make the token of a new visitor: 128 random bits, signed."""
    return _signed(secret, secrets.token_hex(16))


def visitor_name(secret: bytes, token: str | None) -> str | None:
    """Return the name of a visitor in the database; None if the study did not make the token.

    The name is a hash. Nobody who reads the database can vote as another visitor.
    """
    match = _TOKEN.fullmatch(token or "")
    if match is None or not same_secret(match[0], _signed(secret, match[1])):
        return None
    return hashlib.sha256(b"visitor " + match[1].encode()).hexdigest()


def results_key(secret: bytes) -> str:
    """Return the key of the results page: 100 bits, the same at every start."""
    return _mac(secret, "results")[:25]


def results_proof(secret: bytes) -> str:
    """Return the cookie of a browser that has given the key of the results page."""
    return _mac(secret, "results were opened")


def same_secret(given: str | None, expected: str) -> bool:
    """Return whether a secret is correct; the time does not depend on the difference."""
    return hmac.compare_digest((given or "").encode(), expected.encode())


def _signed(secret: bytes, nonce: str) -> str:
    return f"{nonce}.{_mac(secret, f'token {nonce}')[:32]}"


def _mac(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
