"""How to talk to brokers that want to know who asks."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import SettingsError

if TYPE_CHECKING:
    from faust.types.auth import CredentialsT

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """Encryption and credentials of every connection. Raises `SettingsError` for nonsense."""

    protocol: str = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    mechanism: str = "PLAIN"
    """Of SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ssl_cafile: Path | None = None
    """Certificates of the authorities to trust, PEM; None: the system's."""

    def __post_init__(self) -> None:
        if self.protocol not in _PROTOCOLS:
            raise SettingsError(setting="security_protocol", must_be=" | ".join(_PROTOCOLS))
        if self.mechanism not in _MECHANISMS:
            raise SettingsError(setting="sasl_mechanism", must_be=" | ".join(_MECHANISMS))
        if self._has_sasl and not (self.username and self.password):
            raise SettingsError(setting="sasl_username, sasl_password", must_be="given")
        if self.ssl_cafile is not None and not self.ssl_cafile.is_file():
            raise SettingsError(setting="ssl_cafile", must_be="a file")

    @property
    def _has_sasl(self) -> bool:
        return self.protocol.startswith("SASL")

    def _context(self) -> ssl.SSLContext | None:
        if not self.protocol.endswith("SSL"):
            return None
        return ssl.create_default_context(cafile=self.ssl_cafile)

    def client(self) -> dict[str, Any]:
        """Keyword arguments of every client of aiokafka."""
        options: dict[str, Any] = {
            "security_protocol": self.protocol,
            "ssl_context": self._context(),
        }
        if self._has_sasl:
            options["sasl_mechanism"] = self.mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        return options

    def faust(self) -> CredentialsT | None:
        """The same for the clients that Faust makes."""
        import faust  # by workers only
        from faust.types.auth import AuthProtocol

        context = self._context()
        if self._has_sasl:
            credentials = faust.SASLCredentials(
                username=self.username,
                password=self.password,
                ssl_context=context,
                mechanism=self.mechanism,
            )
            credentials.protocol = AuthProtocol(self.protocol)
            return credentials
        return None if context is None else faust.SSLCredentials(context)
