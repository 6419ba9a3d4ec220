from __future__ import annotations

import json

import pytest

from pcistack.template.document import Json, Template, TemplateError
from pcistack.template.text import TemplateText

_YAML = """\
# a template written by hand
Resources:
  Db:   # the database
    Type: "AWS::RDS::DBCluster"
    Properties:
      Mode: serverless # because
        # a comment of its own
      # about the engine
      Engine:   'aurora'
      Scaling:
        AutoPause:   true
        Min:
          Ref: Min
        Max: 4   # four
      Text: |
        two

        lines

  Next: {Type: x, Properties: {A: !Sub "${B}"}}
"""

_OBJECT: dict[str, Json] = {
    "Resources": {
        "Db": {
            "Type": "AWS::RDS::DBCluster",
            "Properties": {
                "Mode": "serverless",
                "Engine": "aurora",
                "Scaling": {"AutoPause": True, "Min": {"Ref": "Min"}, "Max": 4},
                "Text": 'a \\ "quoted"\ttab, \u2028 and \U0001f600',
            },
        },
        "Next": {"Type": "x"},
    }
}
_PROPERTIES = ("Resources", "Db", "Properties")


def _edit(text: str) -> str:
    document = TemplateText(text)
    document.remove((*_PROPERTIES, "Mode"))
    document.set((*_PROPERTIES, "Engine"), "aurora-mysql")
    document.insert((*_PROPERTIES, "Version"), "17.7", after="Engine")
    document.rename((*_PROPERTIES, "Scaling"), "V2")
    document.remove((*_PROPERTIES, "Scaling", "AutoPause"))
    document.set((*_PROPERTIES, "Scaling", "Min"), 0)
    document.insert((*_PROPERTIES, "Scaling", "Seconds"), 300, after="Max")
    document.insert((*_PROPERTIES, "Encrypted"), True, after="Scaling")
    new: dict[str, Json] = {"Type": "y", "Properties": {"Db": {"Ref": "Db"}, "Public": False}}
    document.insert(("Resources", "DbInstance"), new, after="Db")
    return document.edited()


def _edited_object() -> Json:
    copy = json.loads(json.dumps(_OBJECT))
    properties = copy["Resources"]["Db"]["Properties"]
    del properties["Mode"]
    properties |= {"Engine": "aurora-mysql", "Version": "17.7", "Encrypted": True}
    del properties["Scaling"]
    properties["V2"] = {"Min": 0, "Max": 4, "Seconds": 300}
    copy["Resources"]["DbInstance"] = {
        "Type": "y",
        "Properties": {"Db": {"Ref": "Db"}, "Public": False},
    }
    return copy  # type: ignore[no-any-return]


def test_block_yaml_keeps_every_line_that_is_not_edited() -> None:
    assert _edit(_YAML) == (
        """\
# a template written by hand
Resources:
  Db:   # the database
    Type: "AWS::RDS::DBCluster"
    Properties:
      # about the engine
      Engine:   'aurora-mysql'
      Version: "17.7"
      V2:
        Min: 0
        Max: 4   # four
        Seconds: 300
      Encrypted: true
      Text: |
        two

        lines

  DbInstance:
    Type: y
    Properties:
      Db: !Ref Db
      Public: false

  Next: {Type: x, Properties: {A: !Sub "${B}"}}
"""
    )


def test_references_are_written_in_the_long_form_where_the_template_is() -> None:
    text = _YAML.replace('!Sub "${B}"', "1")
    assert "      Db:\n        Ref: Db\n" in _edit(text)


@pytest.mark.parametrize("indent", [None, 0, 1, 2, 4, "\t"])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")])
def test_json_of_any_layout_gets_the_same_edits(
    indent: int | str | None, separators: tuple[str, str]
) -> None:
    text = json.dumps(_OBJECT, indent=indent, separators=separators, ensure_ascii=False)
    assert json.loads(_edit(text)) == _edited_object()


@pytest.mark.parametrize("indent", [2, 4, "\t"])
def test_json_is_written_in_its_own_indentation(indent: int | str) -> None:
    edited = _edit(json.dumps(_OBJECT, indent=indent))
    step = indent if isinstance(indent, str) else " " * indent
    assert f'\n{step * 2}"DbInstance": {{\n{step * 3}"Type": "y",' in edited
    assert json.dumps(json.loads(edited), indent=indent) == edited


def test_braces_in_yaml_stay_braces() -> None:
    text = "Resources: {Db: {Type: x, Properties: {Mode: serverless, Engine: aurora, "
    text += "Scaling: {AutoPause: true, Min: !Ref Min, Max: 4}}}}\n"
    assert _edit(text).startswith(
        'Resources: {Db: {Type: x, Properties: {Engine: aurora-mysql, Version: "17.7", '
        "V2: {Min: 0, Max: 4, Seconds: 300}, Encrypted: true}}, "
    )


def test_windows_line_endings_stay() -> None:
    edited = _edit(_YAML.replace("\n", "\r\n"))
    assert edited.replace("\r\n", "\n") == _edit(_YAML)
    assert edited.count("\r\n") == edited.count("\n")


def test_a_missing_newline_at_the_end_stays_missing() -> None:
    text = "Resources:\n  Db:\n    Type: x\n    Properties:\n      A: 1"
    document = TemplateText(text)
    document.insert((*_PROPERTIES, "B"), 2, after="A")
    assert document.edited() == text + "\n      B: 2"


@pytest.mark.parametrize("removed", [("A",), ("B",), ("C",), ("A", "B"), ("B", "C"), ("A", "C")])
def test_any_entries_can_go_from_a_flow_mapping(removed: tuple[str, ...]) -> None:
    text = '{"Resources": {}, "Z": {"A": 1, "B": 2, "C": 3}}'
    document = TemplateText(text)
    for key in removed:
        document.remove(("Z", key))
    left = {key: value for key, value in {"A": 1, "B": 2, "C": 3}.items() if key not in removed}
    assert json.loads(document.edited())["Z"] == left


def test_all_entries_of_a_mapping_can_be_replaced_by_one() -> None:
    for text in ('{"Z": {"A": 1, "B": 2}}', '{\n  "Z": {\n    "A": 1,\n    "B": 2\n  }\n}'):
        document = TemplateText(text)
        document.remove(("Z", "A"))
        document.remove(("Z", "B"))
        document.insert(("Z", "C"), 3, after="B")
        assert json.loads(document.edited()) == {"Z": {"C": 3}}


@pytest.mark.parametrize("value", ["17.7", "true", "null", "1e3", "a: b", "# x", "", " a", "~"])
def test_text_that_yaml_would_read_otherwise_is_quoted(value: str) -> None:
    document = TemplateText("Resources: {}\nZ:\n  A: old\n")
    document.set(("Z", "A"), value)
    assert Template.parse(document.edited()).body["Z"] == {"A": value}


@pytest.mark.parametrize("text", ["", "a", "- 1", "{", "a: [", "a: \x00"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        TemplateText(text)
