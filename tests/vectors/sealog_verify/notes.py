"""Verifier keys, signed notes and checkpoints (FORMAT.md, sections 5 and 6)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

ED25519 = 1
ECDSA_P256 = 2
CHECKPOINT_MAX_BYTES = 1_000_000
_SIZE = re.compile(r"[1-9][0-9]{0,19}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


class NotANote(ValueError):
    """The text is not what it should be; the message says why."""


def decode_base64(text: str) -> bytes:
    """Standard base64 with padding, in its only form."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise NotANote(f"not base64: {error}") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise NotANote("base64 in another than its only form")
    return data


@dataclass(frozen=True)
class VerifierKey:
    name: str
    key_id: bytes
    kind: int
    public: bytes

    @property
    def text(self) -> str:
        typed = base64.b64encode(bytes([self.kind]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{typed}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        try:
            if self.kind == ED25519:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
            else:
                _p256(self.public).verify(signature, message, ec.ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


# What stands before x and y in the SubjectPublicKeyInfo of an uncompressed point.
_P256_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def _p256(der: bytes) -> ec.EllipticCurvePublicKey:
    if len(der) != 91 or not der.startswith(_P256_SPKI):
        raise NotANote("a key of type 2 is not the SubjectPublicKeyInfo of an uncompressed P-256 point")
    try:
        key = load_der_public_key(der)
    except Exception as error:  # the library has several kinds for bytes it cannot read
        raise NotANote(f"not a DER SubjectPublicKeyInfo: {error}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise NotANote("a key of type 2 is not on P-256")
    return key


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(char.isspace() for char in name)


def parse_vkey(text: str) -> VerifierKey:
    parts = text.split("+", 2)
    if len(parts) != 3 or not _is_key_name(parts[0]) or _KEY_ID.fullmatch(parts[1]) is None:
        raise NotANote("not <name>+<8 hex digits>+<base64>")
    name, data = parts[0], decode_base64(parts[2])
    kind, public = data[:1], data[1:]
    if kind == b"\x01" and len(public) == 32:
        fingerprint = sha256(name.encode() + b"\n" + data).digest()
    elif kind == b"\x02":
        _p256(public)
        fingerprint = sha256(public).digest()
    else:
        raise NotANote("neither an Ed25519 key of 32 bytes nor an ECDSA key")
    if fingerprint[:4].hex() != parts[1]:
        raise NotANote(f"the key id should be {fingerprint[:4].hex()}")
    return VerifierKey(name, fingerprint[:4], kind[0], public)


@dataclass(frozen=True)
class SignatureLine:
    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    text: bytes
    lines: tuple[SignatureLine, ...]

    def lines_by(self, key: VerifierKey) -> list[SignatureLine]:
        return [line for line in self.lines if (line.name, line.key_id) == (key.name, key.key_id)]


def parse_checkpoint(data: bytes) -> Checkpoint:
    if len(data) > CHECKPOINT_MAX_BYTES:
        raise NotANote(f"more than {CHECKPOINT_MAX_BYTES} bytes")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotANote(f"not UTF-8: {error}") from None
    if any(char < " " and char != "\n" for char in whole):
        raise NotANote("holds a control character")
    split = whole.rfind("\n\n")
    if split < 0 or not whole.endswith("\n"):
        raise NotANote("no empty line between text and signatures, or no line feed at the end")
    text, signatures = whole[: split + 1], whole[split + 2 :]
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise NotANote("the text has no three lines, or an empty one")
    size = int(lines[1]) if _SIZE.fullmatch(lines[1]) else 0
    if not 0 < size < 1 << 64:
        raise NotANote("the size is not a decimal number from 1 on without leading zeros")
    root = decode_base64(lines[2])
    if len(root) != 32:
        raise NotANote("the root has not 32 bytes")
    parsed = tuple(_signature_line(line) for line in signatures[:-1].split("\n"))
    return Checkpoint(lines[0], size, root, text.encode("utf-8"), parsed)


def _signature_line(line: str) -> SignatureLine:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not _is_key_name(parts[1]):
        raise NotANote("a signature line is not '— <key name> <base64>'")
    data = decode_base64(parts[2])
    if len(data) < 5:
        raise NotANote("a signature line is too short")
    return SignatureLine(parts[1], data[:4], data[4:])


def rotation_message(origin: str, old: str, new: str) -> bytes:
    return f"sealog.key-rotation/1\n{origin}\n{old}\n{new}\n".encode("utf-8")
