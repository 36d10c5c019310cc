"""Whatever a client sends is a command or a `BadFrame` that says what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.protocol import codec, commands
from server.protocol.codec import MAX_DEPTH, MAX_VALUES, BadFrame
from server.protocol.codes import ErrorCode, Format
from server.protocol.commands import AnyCommand, Command, Send
from server.protocol.replies import Error

VALID: dict[str, dict[str, Any]] = {
    "ping": {},
    "sync": {"epoch": "e", "offset": 0},
    "open": {"conversation": "c", "epoch": "e", "offset": 2**53 - 1, "format": "text"},
    "close": {"conversation": "c"},
    "send": {
        "conversation": None,
        "text": "你好 🌊",
        "client_id": "x" * 64,
        "attachments": [],
        "model": "m",
        "parent": None,
        "format": "html",
        "temporary": True,
    },
    "stop": {"turn": "t"},
    "regenerate": {"turn": "t", "model": None, "client_id": "x"},
    "edit": {"message": "m", "text": "t", "client_id": "x"},
    "continue": {"turn": "t", "client_id": None},
    "select": {"message": "m"},
    "title": {"conversation": "c", "title": "T"},
    "list": {"before": "b", "limit": 100, "archived": True, "folder": None},
    "search": {"query": "量子 quan", "limit": 20},
    "history": {"conversation": "c", "before": "m", "around": None, "limit": 1},
    "update": {
        "conversation": "c",
        "model": None,
        "system_prompt": "",
        "params": {"temperature": 1, "max_tokens": None},
        "pinned": True,
        "archived": False,
        "folder": "f",
    },
    "delete": {"conversations": ["c"]},
    "read": {"conversation": "c", "message": "m"},
    "draft": {"conversation": None, "text": ""},
    "feedback": {"message": "m", "value": "good", "comment": "c"},
    "share.create": {"conversation": "c", "expires_in": 3600},
    "share.list": {"conversation": "c"},
    "share.delete": {"share": "s"},
    "settings": {"key": "a.b_1", "value": {"any": [1, None, "x"]}},
    "folder.create": {"name": "文件夹"},
    "folder.update": {"folder": "f", "name": "n"},
    "folder.delete": {"folder": "f"},
    "preset.save": {"preset": None, "name": "提示", "text": "t"},
    "preset.delete": {"preset": "p"},
    "models": {},
}
REQUIRED = {
    "open": ["conversation"],
    "close": ["conversation"],
    "send": ["conversation", "text", "client_id"],
    "stop": ["turn"],
    "regenerate": ["turn"],
    "edit": ["message", "text", "client_id"],
    "continue": ["turn"],
    "select": ["message"],
    "title": ["conversation"],
    "history": ["conversation"],
    "update": ["conversation"],
    "delete": ["conversations"],
    "read": ["conversation", "message"],
    "draft": ["conversation", "text"],
    "feedback": ["message", "value"],
    "search": ["query"],
    "share.create": ["conversation"],
    "share.delete": ["share"],
    "settings": ["key", "value"],
    "folder.create": ["name"],
    "folder.update": ["folder", "name"],
    "folder.delete": ["folder"],
    "preset.save": ["name", "text"],
    "preset.delete": ["preset"],
}
WRONG = [None, True, 1, -1, 1.5, "", "x" * 40_000, [], [1], {}, {"x": 1}]
"""Values of every type; each field accepts some of them."""
FIELDS = [(type_, field) for type_, fields in VALID.items() for field in ("id", *fields)]


def frame(type_: str, **changes: Any) -> str:
    return json.dumps({"type": type_, "id": "r", **VALID[type_], **changes})


def read(text: str) -> Command | BadFrame:
    """Nothing else is ever raised, and what is can be sent."""
    try:
        return codec.decode(text)
    except BadFrame as error:
        bad = error
    assert bad.code in (ErrorCode.BAD_FRAME, ErrorCode.UNKNOWN_TYPE, ErrorCode.INVALID)
    assert 0 < len(bad.message) < 400
    codec.encode(Error(id=bad.id, code=bad.code, message=bad.message, field=bad.field or msgspec.UNSET))
    return bad


def refusal(text: str) -> BadFrame:
    bad = read(text)
    assert isinstance(bad, BadFrame)
    return bad


@pytest.mark.parametrize("value", ["[]", "{}", "1", '""', '{"":1}', r'"\",["'])
def test_only_so_many_values(value: str) -> None:
    """To read more would take too long, whatever the frame turns out to be."""
    many = f'{{"type":"settings","id":"r","key":"k","value":[{",".join([value] * (MAX_VALUES + 1))}]}}'
    assert refusal(many).message == f"The frame holds more than {MAX_VALUES} values."
    assert refusal(many.replace('"type"', "type", 1)).code is ErrorCode.BAD_FRAME


@pytest.mark.parametrize("text", ["[],{}" * MAX_VALUES, '","' * MAX_VALUES, "\\" * MAX_VALUES, '\\"' * MAX_VALUES])
def test_a_text_is_one_value(text: str) -> None:
    command = codec.decode(frame("send", text=text))
    assert isinstance(command, Send)
    assert command.text == text


def test_there_is_an_example_of_every_command() -> None:
    assert set(VALID) == {command.__struct_config__.tag for command in Command.__subclasses__()}


@pytest.mark.parametrize("type_", VALID)
def test_every_command_is_read_with_all_its_fields(type_: str) -> None:
    command = codec.decode(frame(type_))
    assert command.__struct_config__.tag == type_
    assert {"id", *VALID[type_]} == set(command.__struct_fields__)
    assert msgspec.convert(msgspec.to_builtins(command), AnyCommand) == command


@pytest.mark.parametrize("type_", VALID)
def test_what_is_required_and_what_is_not(type_: str) -> None:
    required = REQUIRED.get(type_, [])
    codec.decode(json.dumps({"type": type_, "id": "r", **{field: VALID[type_][field] for field in required}}))
    for missing in required:
        content = {"type": type_, "id": "r", **VALID[type_]}
        del content[missing]
        bad = refusal(json.dumps(content))
        assert (bad.code, bad.id, bad.field) == (ErrorCode.INVALID, "r", missing)


@pytest.mark.parametrize("type_", VALID)
def test_unknown_fields_are_refused_and_named(type_: str) -> None:
    bad = refusal(frame(type_, surprise=1))
    assert (bad.code, bad.id, bad.field) == (ErrorCode.INVALID, "r", "surprise")


@pytest.mark.parametrize(("type_", "field"), FIELDS)
def test_a_wrong_value_is_refused_and_its_field_named(type_: str, field: str) -> None:
    """Of the wrong values of all types at least most are refused, and each refusal names the field that is wrong."""
    answers = [read(frame(type_, **{field: value})) for value in WRONG]
    refused = [answer for answer in answers if isinstance(answer, BadFrame)]
    for bad in refused:
        assert (bad.code, bad.id) == (ErrorCode.INVALID, None if field == "id" else "r")
        assert bad.field is not None
        assert bad.field.partition(".")[0].partition("[")[0] == field
    assert len(refused) >= (0 if field == "value" else len(WRONG) - 4)


def test_defaults() -> None:
    assert codec.decode('{"type":"open","id":"r","conversation":"c"}') == commands.Open(id="r", conversation="c")
    assert commands.Open(id="r", conversation="c").format is Format.HTML
    sent = codec.decode('{"type":"send","id":"r","conversation":null,"text":"x","client_id":"c"}')
    assert isinstance(sent, commands.Send)
    assert sent.parent is msgspec.UNSET


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_a_page_has_1_to_100_rows(limit: int) -> None:
    assert refusal(frame("list", limit=limit)).field == "limit"


@pytest.mark.parametrize("offset", [-1, 2**53, 10**30])
def test_an_offset_is_a_number_that_a_browser_can_hold(offset: int) -> None:
    assert refusal(frame("sync", offset=offset)).field == "offset"


@pytest.mark.parametrize("request_id", ["r", "x" * 64, "a\nb", "👩‍👩‍👧", "\u200b", " ", "\U0010ffff"])
def test_any_string_of_1_to_64_characters_is_an_id_and_stands_in_the_error(request_id: str) -> None:
    assert codec.decode(json.dumps({"type": "ping", "id": request_id})).id == request_id
    assert refusal(json.dumps({"type": "nothing", "id": request_id})).id == request_id


@pytest.mark.parametrize("request_id", ["", "x" * 65, 1, None, ["r"], "\0", "\ud800"])
def test_what_is_no_id_is_not_repeated(request_id: object) -> None:
    assert refusal(json.dumps({"type": "ping", "id": request_id})).id is None


@pytest.mark.parametrize(
    ("text", "code", "request_id"),
    [
        ("", ErrorCode.BAD_FRAME, None),
        ("{", ErrorCode.BAD_FRAME, None),
        ("hello", ErrorCode.BAD_FRAME, None),
        ('\ufeff{"type":"ping","id":"r"}', ErrorCode.BAD_FRAME, None),
        ('{"type":"ping","id":"r"} {"type":"ping","id":"r"}', ErrorCode.BAD_FRAME, None),
        ("{'type':'ping','id':'r'}", ErrorCode.BAD_FRAME, None),
        ('{"type":"ping","id":"r",}', ErrorCode.BAD_FRAME, None),
        ('{"type":"ping","id":"a\nb"}', ErrorCode.BAD_FRAME, None),
        ("null", ErrorCode.BAD_FRAME, None),
        ("[]", ErrorCode.BAD_FRAME, None),
        ('"ping"', ErrorCode.BAD_FRAME, None),
        ('{"type":"settings","id":"r","key":"k","value":NaN}', ErrorCode.BAD_FRAME, None),
        ('{"type":"settings","id":"r","key":"k","value":-Infinity}', ErrorCode.BAD_FRAME, None),
        ('{"type":"settings","id":"r","key":"k","value":%s}' % ("9" * 5000), ErrorCode.BAD_FRAME, None),
        ('{"type":"ping","type":"ping","id":"r"}', ErrorCode.BAD_FRAME, "r"),
        ('{"type":"settings","id":"r","key":"k","value":[{"a":1,"a":1}]}', ErrorCode.BAD_FRAME, "r"),
        ('{"type":"settings","id":"r","key":"k","value":[["\\u0000"]]}', ErrorCode.BAD_FRAME, "r"),
        ('{"type":"settings","id":"r","key":"k","value":{"\\u0000":1}}', ErrorCode.BAD_FRAME, "r"),
        ('{"type":"settings","id":"r","key":"k","value":"\\ud83c"}', ErrorCode.BAD_FRAME, "r"),
        ('{"type":"settings","id":"r","key":"k","value":{"\\udfff":1}}', ErrorCode.BAD_FRAME, "r"),
        ('{"type":"settings","id":"r","key":"k","value":"\ud800"}', ErrorCode.BAD_FRAME, "r"),
        ('{"id":"r"}', ErrorCode.UNKNOWN_TYPE, "r"),
        ('{"type":"nothing","id":"r"}', ErrorCode.UNKNOWN_TYPE, "r"),
        ('{"type":5,"id":"r"}', ErrorCode.UNKNOWN_TYPE, "r"),
        ('{"type":["ping"],"id":"r"}', ErrorCode.UNKNOWN_TYPE, "r"),
        ('{"type":"PING","id":"r"}', ErrorCode.UNKNOWN_TYPE, "r"),
        ('{"type":"turn.delta","id":"r"}', ErrorCode.UNKNOWN_TYPE, "r"),
    ],
)
def test_what_is_no_command(text: str, code: ErrorCode, request_id: str | None) -> None:
    bad = refusal(text)
    assert (bad.code, bad.id, bad.field) == (code, request_id, None)


def test_a_number_that_no_float_holds() -> None:
    bad = refusal('{"type":"settings","id":"r","key":"k","value":1e400}')
    assert (bad.code, bad.id, bad.field) == (ErrorCode.INVALID, "r", "value")


def test_surrogates_that_belong_together_are_one_character() -> None:
    read = codec.decode('{"type":"settings","id":"r","key":"k","value":"\\ud83c\\udf0a"}')
    assert isinstance(read, commands.SetSetting)
    assert read.value == "🌊"


@pytest.mark.parametrize("text", ["[" * 20_000, '{"a":' * 20_000, '{"type":"ping","id":"r","x":' + "[" * 20_000])
def test_bottomless_nesting(text: str) -> None:
    assert refusal(text).code is ErrorCode.BAD_FRAME


def test_a_value_is_not_deeper_than_everybody_can_walk() -> None:
    def nested(depth: int) -> str:
        return frame("settings", value=0).replace('"value": 0', f'"value": {"[" * depth}{"]" * depth}')

    codec.decode(nested(MAX_DEPTH - 1))
    for depth in (MAX_DEPTH, 500, 950):
        assert refusal(nested(depth)).code is ErrorCode.BAD_FRAME


def test_a_setting_is_named_by_one_line() -> None:
    assert refusal(frame("settings", key="theme\n")).field == "key"


def test_long_words_are_not_sent_back() -> None:
    """What an error repeats of a frame is bounded."""
    refusal(frame("ping", **{"x" * 100_000: 1}))
    refusal(json.dumps({"type": "x" * 100_000, "id": "r"}))
    refusal(frame("open", format="x" * 100_000))


def test_a_frame_of_5_mb() -> None:
    """How large a frame may be is the socket's matter; here it is read, or refused, all the same."""
    assert codec.decode(frame("send", text="x" * 5_000_000))
    assert refusal("[" + "1," * 2_500_000 + "1]").code is ErrorCode.BAD_FRAME


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
near_commands = st.builds(
    lambda type_, fields, more: json.dumps({"type": type_, "id": "r", **VALID[type_], **fields, **more}),
    st.sampled_from(sorted(VALID)),
    st.dictionaries(st.sampled_from(sorted({field for _, field in FIELDS})), json_values, max_size=3),
    st.dictionaries(st.text(max_size=8), json_values, max_size=1),
)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(st.text() | json_values.map(json.dumps) | near_commands)
def test_any_text_is_a_command_or_a_bad_frame(text: str) -> None:
    """And a command can be written down again: nothing in it is beyond JSON or UTF-8."""
    command = read(text)
    if isinstance(command, Command):
        assert codec.decode(codec.encode(command)) == command
