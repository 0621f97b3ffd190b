"""The RSA keys of a simulated terminal: opens what the platform seals, and seals for the platform, JT/T 808-2019 4.4.3, 8.63, 8.64."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import padding, rsa

from protocols.jt808.body_cipher import CIPHER_BLOCK, PACKET, PLAIN_BLOCK
from protocols.jt808.codec import Examined, examine
from protocols.jt808.messages.passthrough import PlatformKey, TerminalKey


class TerminalSecrecy:
    """A `BodyCipher` of the terminal's side.

    Args:
        scope: "packet" or "message"; padded: False for blocks without padding.
        spontaneous: sends its key after every login, before anybody asks.
    """

    def __init__(self, scope: str = PACKET, *, padded: bool = True, spontaneous: bool = True) -> None:
        self.scope = scope
        self.spontaneous = spontaneous
        self._padded = padded
        self._platform: rsa.RSAPublicKey | None = None
        self._private = rsa.generate_private_key(65_537, 8 * CIPHER_BLOCK)
        self._earlier: rsa.RSAPrivateKey | None = None

    @property
    def seals(self) -> bool:
        """True once the platform's key is known."""
        return self._platform is not None

    def renew(self) -> TerminalKey:
        """A new key pair; its public half must be sent. What is still on its way opens with the old one, see `read`."""
        self._earlier = self._private
        self._private = rsa.generate_private_key(65_537, 8 * CIPHER_BLOCK)
        return self.public()

    def public(self) -> TerminalKey:
        """The public key as 0x0A00 says it."""
        numbers = self._private.public_key().public_numbers()
        return TerminalKey(numbers.e, numbers.n.to_bytes(CIPHER_BLOCK, "big"))

    def learn(self, key: PlatformKey) -> None:
        """Seal with this key of the platform from now on."""
        self._platform = rsa.RSAPublicNumbers(key.exponent, int.from_bytes(key.modulus, "big")).public_key()

    def forget(self) -> None:
        """A new link begins in clear."""
        self._platform = None

    def encrypt(self, body: bytes) -> bytes:
        """The body in blocks for the platform."""
        return b"".join(self._seal(body[at : at + PLAIN_BLOCK]) for at in range(0, len(body), PLAIN_BLOCK))

    def _seal(self, block: bytes) -> bytes:
        assert self._platform is not None
        if self._padded:
            return self._platform.encrypt(block, padding.PKCS1v15())
        numbers = self._platform.public_numbers()
        return pow(int.from_bytes(block.ljust(PLAIN_BLOCK, b"\x00"), "big"), numbers.e, numbers.n).to_bytes(CIPHER_BLOCK, "big")

    def read(self, run: bytes) -> Examined:
        """A frame of the platform, opened with the present key, or the one before it."""
        found = examine(run, cipher=self)
        if found.dropped is None or self._earlier is None:
            return found
        self._private, self._earlier = self._earlier, self._private
        older = examine(run, cipher=self)
        self._private, self._earlier = self._earlier, self._private
        return older if older.dropped is None else found

    def decrypt(self, body: bytes) -> bytes | None:
        """The body opened with the terminal's key; None when it is no row of blocks."""
        blocks = [body[at : at + CIPHER_BLOCK] for at in range(0, len(body), CIPHER_BLOCK)]
        if any(len(block) != CIPHER_BLOCK for block in blocks):
            return None
        if self._padded:
            return b"".join(self._private.decrypt(block, padding.PKCS1v15()) for block in blocks)
        numbers = self._private.private_numbers()
        opened = [pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n) for block in blocks]
        return b"".join(number.to_bytes(PLAIN_BLOCK, "big") for number in opened if number < 256**PLAIN_BLOCK)
