"""Secrets: in an address, a setting or a command line, replaced before it is kept or shown."""

from __future__ import annotations

import re
import shlex
from urllib.parse import unquote_plus

_SECRET = re.compile(r"pas+w|passphrase|\bpass\b|pwd|secret|token|_key", re.IGNORECASE)
"""What the name of a setting with a secret holds; `passfile` and `sslkey` are paths."""

HARMLESS = frozenset(
    [
        *("service", "user", "passfile", "channel_binding", "connect_timeout", "dbname", "host"),
        *("hostaddr", "port", "client_encoding", "options", "application_name"),
        *("fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval"),
        *("keepalives_count", "tcp_user_timeout", "sslmode", "sslnegotiation", "sslcompression"),
        *("sslcert", "sslkey", "sslcertmode", "sslrootcert", "sslcrl", "sslcrldir", "sslsni"),
        *("requirepeer", "require_auth", "min_protocol_version", "max_protocol_version"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "gssencmode", "krbsrvname", "gsslib"),
        *("gssdelegation", "replication", "target_session_attrs", "load_balance_hosts", "oauth_issuer"),
        *("oauth_client_id", "oauth_scope", "sslkeylogfile"),
    ]
)
"""The settings of libpq that hold no secret; of any other in a URL the value is hidden."""

SECRET = frozenset(
    ["password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"],
)
"""Those that do; any other name may be what follows a `&` in a password."""

_SETTING = r"(?P<name>[\w.%-]+)\s*="
_QUERY = re.compile(rf"\?(?={_SETTING})")
_OF_TEXT = re.compile(rf"(?P<is>{_SETTING}\s*)(?:'(?:[^'\\]|\\.)*(?:'|$)|(?:\\.|\S)+)", re.DOTALL)
_SCHEME = re.compile(r"(?P<scheme>(?:--?[\w-]+=)?[\w+.-]+(?::/{1,3}|//))(?P<rest>.*)", re.DOTALL)
_PORT = re.compile(r"\d{1,5}(?:[/?]|$)")


def hide_secrets(text: str) -> str:
    """Return a word of a command, or what should have been an address, with `***` for what may be secret.

    >>> hide_secrets("postgre://me:a@b@host/db?sslpassword=c@d&sslmode=require")
    'postgre://me:***@host/db?sslpassword=***&sslmode=require'
    >>> hide_secrets("host=db user=me password='a b'")
    'host=db user=me password=***'
    """
    match = _SCHEME.fullmatch(text)
    scheme, rest = (match["scheme"], match["rest"]) if match else ("", text)
    rest, *query = _QUERY.split(rest, maxsplit=1)[::2]
    groups = query[0].split("&") if query else []
    # An `@` in what holds no secret ends a password with a `?` in it: then none of this is what it seems.
    is_password = any("@" in group for group in groups if _hide_settings(group) == group)
    rest = _hide_user(rest if scheme else _OF_TEXT.sub(_hide_word, rest), bool(scheme), is_password)
    shown = "&".join(_hide_settings(group, every=is_password) for group in groups)
    return f"{scheme}{rest}?{shown}" if query else scheme + rest


def hide_user(address: str) -> str:
    """Return the address of a cluster with `***` for who asks, by a password or a token.

    >>> hide_user("ray://me:a@host:10001"), hide_user("host:6379")
    ('ray://***@host:10001', 'host:6379')
    """
    before, scheme, rest = address.rpartition("://")
    _, at, place = rest.rpartition("@")
    return before + scheme + ("***@" if at else "") + hide_secrets(place)


def presentable_command(command: str) -> str:
    """Return a command line as it may be kept: `***` for what may be secret in any of its words."""
    try:
        words = shlex.split(command)
    except ValueError:  # a quotation mark without its other half
        words = command.split()
    return shlex.join(hide_secrets(word) for word in words)


def is_secret(name: str, value: str | tuple[str, ...]) -> bool:
    """Say whether a setting of a URL may hold a secret: by its name, or that of what stands in its value."""
    text = str(value)
    return name not in HARMLESS or ";" in text or (name == "options" and bool(_SECRET.search(text)))


def _hide_user(text: str, has_scheme: bool, is_password: bool) -> str:
    """Return what stands before the settings of an address without the password of its user."""
    before, at, after = text.rpartition("@")
    user, *secret = re.split(":|%3a", before if at else text, maxsplit=1, flags=re.IGNORECASE)
    if secret and at:
        return f"{user}:***@{after}"
    if secret and (is_password or (has_scheme and not _PORT.match(secret[0]))):
        return f"{user}:***"
    return text


def _hide_settings(group: str, *, every: bool = False) -> str:
    """Return what stands between two `&` with `***` from its first value that may be secret on.

    A `;` is a part of a value, or ends it.
    """
    shown: list[str] = []
    for setting in group.split(";"):
        written, equals, value = setting.partition("=")
        name = unquote_plus(written).strip()
        if every or not equals or is_secret(name, unquote_plus(value)):
            is_name = equals and name in HARMLESS | SECRET
            return ";".join([*shown, f"{written}=***" if is_name else "***"])
        shown.append(setting)
    return ";".join(shown)


def _hide_word(found: re.Match[str]) -> str:
    """Return a setting of a text; a word that is none of a database may look like one."""
    names = [setting["name"] for setting in re.finditer(_SETTING, found[0])]
    is_hidden = any(map(_SECRET.search, names)) or ("options" in names and _SECRET.search(found[0]))
    return f"{found['is']}***" if is_hidden else found[0]
