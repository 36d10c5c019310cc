"""What an e-mail address, a user name and a password may be. Raises Invalid in words for the person who typed it."""

from __future__ import annotations

import re
import unicodedata

from server.errors import Invalid

EMAIL_CHARS = 254
"""RFC 5321, 4.5.3.1.3: a path has 256 octets, its angle brackets included."""
USERNAME_CHARS = (2, 40)
USERNAME_KEY_CHARS = 80
"""One character can fold to eighteen; the column holds so many."""
PASSWORD_CHARS = (8, 1024)
TOKEN_CHARS = 80

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HIDDEN_RANGES = (
    # Unicode's Default_Ignorable_Code_Point outside of category Cf, and two blanks that count as letters or symbols.
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)


def email(value: str) -> str:
    """In lower case and composed form. Plausible is enough: only a letter could prove that it exists."""
    address = _email_key(value)
    if len(address) > EMAIL_CHARS:
        raise Invalid(f"An e-mail address has at most {EMAIL_CHARS} characters.", field="email")
    if not _EMAIL.fullmatch(address) or any(_hidden(character) for character in address):
        raise Invalid("This does not look like an e-mail address.", field="email")
    return address


def username(value: str) -> str:
    """As the person wants it shown, in any script."""
    name = _tidy(value)
    least, most = USERNAME_CHARS
    if not least <= len(name) <= most:
        raise Invalid(f"A user name has {least} to {most} characters.", field="username")
    if any(_hidden(character) for character in name):
        raise Invalid("A user name cannot hold control characters or characters that nobody sees.", field="username")
    key = username_key(name)
    if "@" in key:
        raise Invalid(
            'A user name cannot hold an "@", so that it is never taken for an e-mail address.', field="username"
        )
    if len(key) > USERNAME_KEY_CHARS or not key:
        raise Invalid("This user name is too unusual to be told from others.", field="username")
    return name


def username_key(name: str) -> str:
    """What must be unique, so that nobody can pass for another: "ＡＬＩＣＥ", "Alice" and "alice" are one name."""
    return _tidy(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _tidy(name)).casefold()))


def login_key(value: str) -> str:
    """What to look for when somebody logs in with ``value``: an e-mail address, or a user name's key."""
    if len(value) > EMAIL_CHARS:
        raise Invalid("This is too long for an e-mail address or a user name.", field="login")
    return _email_key(value) if "@" in value else username_key(value)


def password(value: str, *, field: str = "password") -> str:
    """Unchanged: long is good, and no character is required or forbidden."""
    least, most = PASSWORD_CHARS
    if not least <= len(value) <= most:
        raise Invalid(f"A password has {least} to {most} characters.", field=field)
    return value


def token(value: str) -> str:
    """What a person calls an API token, to know it again."""
    name = _tidy(value)
    if not 1 <= len(name) <= TOKEN_CHARS or any(_hidden(character) for character in name):
        raise Invalid(f"A token's name has 1 to {TOKEN_CHARS} characters, all of which can be seen.", field="name")
    return name


def _email_key(value: str) -> str:
    return unicodedata.normalize("NFC", value.strip()).lower()


def _tidy(name: str) -> str:
    """Composed, without blanks around, and with single ones within: a page shows several as one."""
    return re.sub(" +", " ", unicodedata.normalize("NFC", name.strip()))


def _hidden(character: str) -> bool:
    """Not to be seen, or changes how its neighbours are seen: controls, joiners, direction marks, odd blanks."""
    category = unicodedata.category(character)
    if category == "Zs":
        return character != " "
    return category in _HIDDEN_CATEGORIES or any(first <= ord(character) <= last for first, last in _HIDDEN_RANGES)
