from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.params import DealParams, input_file_name, split_args

parse = DealParams.parse


def test_what_the_sdk_writes_is_read() -> None:
    said = {
        "iexec_args": "--n 5 'two words'",
        "iexec_input_files": ["https://a/b", "https://c"],
        "iexec_result_storage_provider": "ipfs",
        "iexec_result_storage_proxy": "https://proxy",
        "iexec_result_encryption": False,
        "iexec_secrets": {"1": "one"},
        "bulk_cid": "Qm",
    }
    found = parse(json.dumps(said))
    assert found.command == ("--n", "5", "two words")
    assert found.input_files == ("https://a/b", "https://c")
    assert (found.storage_provider, found.storage_proxy) == ("ipfs", "https://proxy")
    assert (found.result_encryption, found.secrets, found.bulk_cid) == (False, {"1": "one"}, "Qm")


def test_nothing_is_asked_of_an_empty_object() -> None:
    assert parse("{}") == DealParams()
    assert parse(" \n{} ") == DealParams()
    assert parse('{"iexec_args":null}') == DealParams()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--some args",
        "{",
        "5",
        "null",
        '"text"',
        "[]",
        "NaN",
        '{"iexec_args":"a","mine":1}',
        '{"iexec_args":["a"]}',
        '{"iexec_input_files":"https://a"}',
        '{"iexec_input_files":[["a"]]}',
        '{"iexec_result_encryption":"maybe"}',
        '{"iexec_result_encryption":1.5}',
        '{"iexec_secrets":[]}',
        '{"iexec_args":"a",}',
        "{'iexec_args':'a'}",
        '{"iexec_developer_logger":true}',
    ],
)
def test_what_the_strict_parser_does_not_know_is_all_arguments(text: str) -> None:
    assert parse(text) == DealParams(args=text)
    assert parse(text).storage_provider == ""


@pytest.mark.parametrize(
    ("text", "args"),
    [('{"iexec_args":5}', "5"), ('{"iexec_args":1.50}', "1.50"), ('{"iexec_args":true}', "true")],
)
def test_numbers_become_the_text_that_was_written(text: str, args: str) -> None:
    assert parse(text).args == args


@pytest.mark.parametrize(
    ("value", "asked"),
    [("true", True), ('"true"', True), ("1", True), ("0", False), ('""', False), ("null", False)],
)
def test_encryption_is_refused_however_it_is_asked_for(value: str, asked: bool) -> None:
    found = parse(f'{{"iexec_result_encryption":{value}}}')
    assert found.result_encryption is asked
    if asked:
        with pytest.raises(ProtocolError) as refused:
            found.check_standard()
        assert refused.value.cause == "TASK_DESCRIPTION_INVALID"
    else:
        found.check_standard()


def test_what_stands_behind_the_object_is_not_looked_at() -> None:
    assert parse('{"iexec_args":"a"} and more').args == "a"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        '{"iexec_args":' * 50 + "1" + "}" * 50,
        '{"iexec_args":' + "9" * 5000 + "}",
        '{"iexec_args":' + "9" * 100 + "}",
        '{"iexec_args":"' + "a" * 70_000 + '"}',
        "a" * 70_000,
        '{"iexec_args":"a\\u0000b"}',
        "a\0b",
        "\ud800",
        '{"iexec_args":"\\ud800"}',
        json.dumps({"iexec_input_files": ["a"] * 1001}),
        "a " * 5000,
    ],
)
def test_hostile_texts_are_refused_with_the_protocols_cause(text: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        parse(text)
    assert refused.value.cause == "TASK_DESCRIPTION_INVALID"


@given(st.text(max_size=80) | st.text("{}[]\",:\\'abt01 \niexec_args", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    cause: str | None = "TASK_DESCRIPTION_INVALID"
    try:
        assert all(isinstance(each, str) for each in parse(text).command)
    except ProtocolError as error:
        cause = error.cause
    assert cause == "TASK_DESCRIPTION_INVALID"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ()),
        ("  ", ()),
        ("a  b\tc\n", ("a", "b", "c")),
        ("'a b' \"c d\"", ("a b", "c d")),
        ("a'b'\"c\"d", ("abcd",)),
        ("'' \"\"", ("", "")),
        (r"a\ b \"", ("a b", '"')),
        (r'"a\"b\\c\n"', (r'a"b\c\n',)),
        (r"'a\b'", (r"a\b",)),
        ("$HOME `id` ; # x", ("$HOME", "`id`", ";", "#", "x")),
        ("it's open", ("its open",)),
        ('"open', ("open",)),
        ("end\\", ("end\\",)),
    ],
)
def test_arguments_are_split_as_a_shell_does(line: str, words: tuple[str, ...]) -> None:
    assert split_args(line) == words


@given(st.lists(st.text(max_size=10), max_size=5))
def test_arguments_that_were_quoted_come_back(words: list[str]) -> None:
    assert split_args(shlex.join(words)) == tuple(words)


@given(st.text("ab\\\"' \t", max_size=30))
def test_arguments_are_split_as_python_does_where_it_does(line: str) -> None:
    try:
        expected = shlex.split(line, comments=False)
    except ValueError:
        split_args(line)  # open quotes, which the protocol takes as they are
    else:
        assert list(split_args(line)) == expected


@pytest.mark.parametrize("line", ["a" * 60_000, '"' + "\\" * 60_000, "'" + "a" * 60_000, "\\" * 60_000])
@pytest.mark.timeout(20)
def test_long_lines_are_split_in_one_pass(line: str) -> None:
    assert len(split_args(line)) == 1  # with one pass for each character this takes minutes


def test_input_files_are_named_by_their_address() -> None:
    assert input_file_name("https://example.org/a") == (
        "0xb5b10dd0429e69ac7cfaf0a20b6901c1265c50b55d1751bcb684ed96ef7b300a"
    )
