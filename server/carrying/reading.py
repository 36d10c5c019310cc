"""What is in an uploaded file: conversations, and what is wrong with those that are none.

The file may be an archive that somebody made to hurt: nothing of it is unpacked to the disk, what it unpacks to is
counted, and its directory is read up to a limit. Of an archive one object is in memory at a time.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, Self

import msgspec

from server.carrying import as_html, as_markdown, chatgpt
from server.carrying.chatgpt import Chat
from server.carrying.format import VERSION, Conversation, Export
from server.carrying.splitting import MAX_OBJECT, objects
from server.errors import ParleyError, TooLarge, Unfit

MAX_DIRECTORY = 8 << 20
"""Bytes of an archive's list of files."""
MAX_FOUND = 100_000
"""Conversations of one upload."""
_CHATGPT = re.compile(r"conversations(-\d+)?\.json")
_OURS = (".json", ".md", ".html")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ESCAPED = re.compile(rb"\\ud[89ab]..\\ud[c-f]..|\\(?:ud[89a-f]..|.)", re.IGNORECASE | re.DOTALL)
"""A whole pair of surrogates, half of one, or another escaped character."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
"""What the library says of archives that are damaged, encrypted or none."""

Kind = Literal["parley", "chatgpt"]
Read = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Found:
    kind: Kind
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class Failed:
    title: str
    code: str
    """One of ``Unfit``'s flaws, or ``too_large``."""
    reason: str

    @classmethod
    def of(cls, title: str, error: ParleyError) -> Self:
        return cls(title, error.flaw if isinstance(error, Unfit) else error.code, error.message)


def count(file: BinaryIO, most: int) -> int:
    """How many there are, the broken ones included. Raises Unfit when the file is none that can be read."""
    return sum(1 for _ in _everything(file, most))


def conversations(file: BinaryIO, most: int) -> Iterator[Found | Failed]:
    """``most``: bytes that an archive may unpack to."""
    for name, content in _everything(file, most):
        yield content if isinstance(content, Failed) else _told(name, content)


def _everything(file: BinaryIO, most: int) -> Iterator[tuple[str, bytes | Failed]]:
    for number, found in enumerate(_members(file, most)):
        if number == MAX_FOUND:
            yield "", Failed("", "too_much", f"There are more than {MAX_FOUND:,}; the rest was left out.")
            return
        yield found


def _members(file: BinaryIO, most: int) -> Iterator[tuple[str, bytes | Failed]]:
    file.seek(0)
    start = file.read(512)
    file.seek(0)
    if start.startswith(b"PK"):
        yield from _archived(file, most)
    elif as_markdown.written_by_us(start.decode("utf-8", "replace").partition("\n")[0]):
        yield "", file.read(MAX_OBJECT)
    elif start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        yield from _split("", file.read)
    elif start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        yield "", file.read(MAX_OBJECT)
    else:
        raise Unfit("foreign", "This file is no export of Parley or ChatGPT that can be read.")


def _archived(file: BinaryIO, most: int) -> Iterator[tuple[str, bytes | Failed]]:
    left = _Left(most)
    try:
        archive = zipfile.ZipFile(_Careful(file))
    except _BROKEN:
        raise Unfit("damaged", "This archive is damaged.") from None
    with archive:
        for about in _worth_reading(archive):
            if left.bytes < 0:
                return
            name = posixpath.basename(about.filename)
            try:
                with _opened(archive, about) as member:
                    read = left.counting(member.read)
                    if name.endswith(".json"):
                        yield from _split(name, read)
                    else:
                        yield name, _all(read)
            except ParleyError as error:
                yield name, Failed.of(name, error)
            except _BROKEN:
                yield name, Failed(name, "damaged", "This file of the archive is damaged or encrypted.")


def _worth_reading(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """ChatGPT's conversations, among much else; or else all that may be ours."""
    files = [each for each in archive.infolist() if not each.is_dir() and "__MACOSX" not in each.filename]
    chats = [each for each in files if _CHATGPT.fullmatch(posixpath.basename(each.filename))]
    ours = [each for each in files if each.filename.endswith(_OURS)]
    if not chats and not ours:
        raise Unfit("foreign", "There are no conversations in this archive.")
    return sorted(chats, key=lambda each: each.filename) or ours


def _opened(archive: zipfile.ZipFile, about: zipfile.ZipInfo) -> zipfile.ZipExtFile:
    if about.compress_type not in _METHODS:  # the others unpack without measure
        raise Unfit("damaged", "This file of the archive is packed in a way that is not read.")
    member = archive.open(about)
    assert isinstance(member, zipfile.ZipExtFile)  # noqa: S101 -- what mode "r" gives
    return member


def _split(name: str, read: Read) -> Iterator[tuple[str, bytes | Failed]]:
    found = False
    try:
        for each in objects(read):
            found = True
            yield name, Failed.of(name, each) if isinstance(each, TooLarge) else each
        if not found:
            raise Unfit("empty", "There is no conversation in this file.")
    except ParleyError as error:
        if not name and not found:
            raise
        yield name, Failed.of(name, error)


def _all(read: Read) -> bytes:
    content = b"".join(iter(lambda: read(1 << 18), b""))
    if len(content) > MAX_OBJECT:
        raise TooLarge(f"It is larger than {MAX_OBJECT >> 20} MB.")
    return content


def _told(name: str, content: bytes) -> Found | Failed:
    try:
        return _decoded(content)
    except ParleyError as error:
        return Failed.of(_title(content) or name, error)
    except msgspec.ValidationError as error:
        return Failed(_title(content) or name, "malformed", f"It is not as it should be: {error}.")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Failed(name, "damaged", "This is not valid JSON.")


def _whole(escaped: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if len(escaped[0]) == len(rb"\ufffd") else escaped[0]


class _Shape(msgspec.Struct):
    parley_export: int | None = None
    mapping: msgspec.Raw = msgspec.Raw()


def _decoded(content: bytes) -> Found:
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        text = content.decode("utf-8", "replace")
        return Found("parley", as_html.read(text) if as_html.written_by_us(text) else as_markdown.read(text))
    shape: _Shape = _as(content, _Shape)
    if shape.parley_export is not None:
        if shape.parley_export != VERSION:
            raise Unfit("version", "It was made by another version of Parley, in a format that this one does not know.")
        return Found("parley", _as(content, Export).conversation)
    if not bytes(shape.mapping):
        raise Unfit("foreign", "This is not a conversation.")
    return Found("chatgpt", chatgpt.converted(_as(content, Chat)))


def _as(content: bytes, kind: Any) -> Any:
    """Half a surrogate pair, which JSON can hold and text cannot, is no reason to lose a conversation."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.json.decode(_ESCAPED.sub(_whole, content), type=kind)


def _title(content: bytes) -> str:
    class Titled(msgspec.Struct):
        title: str = ""
        conversation: dict[str, Any] = {}

    try:
        titled = msgspec.json.decode(content, type=Titled)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return (titled.title or str(titled.conversation.get("title", "")))[:200]


class _Careful(io.RawIOBase):
    """A file that gives no more than `MAX_DIRECTORY` at once: so much the library would hold in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        return self._file.read(MAX_DIRECTORY if size < 0 else min(size, MAX_DIRECTORY))


class _Left:
    """Bytes that may still be unpacked."""

    def __init__(self, most: int) -> None:
        self.bytes = most

    def counting(self, read: Read) -> Read:
        def counted(size: int) -> bytes:
            piece = read(size)
            self.bytes -= len(piece)
            if self.bytes < 0:
                raise Unfit("too_much", "The archive unpacks to more than can be read; the rest was left out.")
            return piece

        return counted
