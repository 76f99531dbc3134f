from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol import sockjs, stomp

Frame = stomp.Frame
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
FRAMES = st.builds(
    Frame,
    st.sampled_from(["SEND", "MESSAGE", "ERROR"]),
    st.dictionaries(TEXT.filter(bool).filter(lambda name: name != "content-length"), TEXT, max_size=4),
    TEXT,
)


def plain(frame: Frame) -> tuple[str, dict[str, str], str]:
    return frame.command, {k: v for k, v in frame.headers.items() if k != "content-length"}, frame.body


def test_a_frame_is_what_servers_expect() -> None:
    frame = Frame("SUBSCRIBE", {"id": "0", "destination": "/topic/task/0x11"})
    assert stomp.encode(frame) == "SUBSCRIBE\nid:0\ndestination:/topic/task/0x11\n\n\0"
    message = Frame("MESSAGE", {"subscription": "0"}, "é")
    assert stomp.encode(message) == "MESSAGE\nsubscription:0\ncontent-length:2\n\né\0"


def test_headers_are_escaped_except_in_the_first_frames() -> None:
    assert stomp.encode(Frame("SEND", {"a:b": "c\nd\\e\rf"})) == "SEND\na\\cb:c\\nd\\\\e\\rf\n\n\0"
    assert stomp.encode(Frame("CONNECT", {"host": "pool:13000"})) == "CONNECT\nhost:pool:13000\n\n\0"
    found = stomp.decode("CONNECTED\nserver:a\\b:c\n\n\0")
    assert found == (Frame("CONNECTED", {"server": "a\\b:c"}),)


def test_frames_of_a_real_server_are_read() -> None:
    text = "MESSAGE\r\ndestination:/topic/a\r\nid:1\r\nid:2\r\ncontent-length:3\r\n\r\na\0b\0\n"
    assert stomp.decode(text) == (
        Frame("MESSAGE", {"destination": "/topic/a", "id": "1", "content-length": "3"}, "a\0b"),
    )
    assert stomp.decode("ERROR\nmessage:no\n\nwhy\0\n\n\nRECEIPT\nreceipt-id:1\n\n\0")[1].command == "RECEIPT"


@pytest.mark.parametrize("beat", ["", "\n", "\r\n", "\n\n\n", stomp.HEART_BEAT])
def test_a_heart_beat_is_no_frame(beat: str) -> None:
    assert stomp.decode(beat) == ()


@given(st.lists(FRAMES, max_size=4), st.integers(1, 40))
def test_frames_come_back_in_whatever_pieces(frames: list[Frame], piece: int) -> None:
    data = "\n".join(map(stomp.encode, frames)).encode()
    decoder = stomp.Decoder()
    found = [one for start in range(0, len(data), piece) for one in decoder.feed(data[start : start + piece])]
    assert [plain(one) for one in found] == [plain(one) for one in frames]
    assert not decoder.pending


@given(st.binary(max_size=60) | st.text(max_size=60) | st.text("SEND\n\r\0:\\nacontent-length9", max_size=60))
def test_any_text_is_frames_or_refused(text: str | bytes) -> None:
    with suppress(ProtocolError):
        for frame in stomp.decode(text):
            assert isinstance(frame.body, str)


@pytest.mark.parametrize(
    "text",
    [
        "SEND",
        "SEND\n\nno end",
        "send\n\n\0",
        "\0",
        "SEND\nnocolon\n\n\0",
        "SEND\n:value\n\n\0",
        "SEND\na:b\\t\n\n\0",
        "SEND\na:b\\\n\n\0",
        "SEND\ncontent-length:5\n\nabc\0",
        "SEND\ncontent-length:1\n\nabc\0",
        "SEND\ncontent-length:-1\n\n\0",
        "SEND\ncontent-length:99999999999\n\n\0",
        "SEND\n" + "a:b\n" * 101 + "\n\0",
        "SEND\n" + "a" * 40_000,
        b"SEND\n\n\xff\0",
        "\ud800",
    ],
)
def test_what_is_no_frame_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        stomp.decode(text)


def test_endless_frames_are_refused() -> None:
    decoder = stomp.Decoder(max_bytes=100_000)
    decoder.feed("MESSAGE\n\n" + "a" * 90_000)
    with pytest.raises(ProtocolError):
        decoder.feed("a" * 10_000)


@pytest.mark.parametrize("frame", [Frame("no"), Frame("CONNECT", {"a": "b\nc"}), Frame("SEND", {"a": "\0"})])
def test_what_cannot_be_sent_is_not(frame: Frame) -> None:
    with pytest.raises(ProtocolError):
        stomp.encode(frame)


def test_sockjs_frames_are_what_clients_expect() -> None:
    assert sockjs.message_frame(["a\n", 'b"']) == 'a["a\\n","b\\""]'
    assert sockjs.message_frame(["é\u2028\x7f"]) == 'a["\\u00e9\\u2028\\u007f"]'
    assert (
        sockjs.close_frame(2010, "Another connection still open") == 'c[2010,"Another connection still open"]'
    )
    assert (len(sockjs.PRELUDE), set(sockjs.PRELUDE[:-1]), sockjs.PRELUDE[-1]) == (2049, {"h"}, "\n")
    assert sockjs.info(5, websocket=False) == {
        "entropy": 5,
        "origins": ["*:*"],
        "cookie_needed": False,
        "websocket": False,
    }


@given(st.lists(st.text(max_size=20), max_size=4))
def test_messages_come_back_both_ways(messages: list[str]) -> None:
    assert sockjs.decode_client(sockjs.encode_client(messages)) == tuple(messages)
    assert sockjs.decode_server(sockjs.message_frame(messages)).messages == tuple(messages)


def test_a_servers_frames_are_told_apart() -> None:
    assert sockjs.decode_server("o").kind == "o"
    assert sockjs.decode_server("h").kind == "h"
    assert sockjs.decode_server("h" * 2048).kind == "h"
    assert sockjs.decode_server('c[3000,"Go away!"]') == sockjs.SockJsFrame("c", code=3000, reason="Go away!")


def test_a_client_over_websocket_may_leave_the_list_out() -> None:
    assert sockjs.decode_client('"a"') == ("a",)


@pytest.mark.parametrize(
    "text", ["x", "[1]", "{}", "[", '["a",null]', "[" * 5000, json.dumps(["a"] * 1001), "null"]
)
def test_broken_messages_are_named_as_servers_do(text: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        sockjs.decode_client(text)
    assert refused.value.message == "Broken JSON encoding."


def test_no_message_at_all_is_named_too() -> None:
    with pytest.raises(ProtocolError) as refused:
        sockjs.decode_client("")
    assert refused.value.message == "Payload expected."


@pytest.mark.parametrize(
    "line", ["", "x", "a", "a{}", "a[1]", "c[]", 'c["a","b"]', "c[1]", "oh", "c[true,2]", 'c[-1,"a"]']
)
def test_what_is_no_frame_of_a_server_is_refused(line: str) -> None:
    with pytest.raises(ProtocolError):
        sockjs.decode_server(line)


@given(st.text(max_size=40) | st.text('ohac[]",1\\', max_size=20))
def test_any_line_is_a_frame_or_refused(line: str) -> None:
    for read in (sockjs.decode_server, sockjs.decode_client):
        with suppress(ProtocolError):
            read(line)
