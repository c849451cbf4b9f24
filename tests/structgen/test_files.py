from __future__ import annotations

import hashlib
import json
import os
import stat

import pytest

from structgen.files import sha256, whole_file, write_json


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "new" / "folder" / "web.json"
    for text in ("old", "new"):
        with whole_file(path) as temporary:
            assert temporary.parent == path.parent
            assert temporary.suffix == ".json"
            temporary.write_text(text)
            assert not path.exists() or path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(path.parent) == ["web.json"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failed_write_keeps_the_old_file(tmp_path, error):
    path = tmp_path / "web.json"
    path.write_text("old")

    def interrupted():
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["web.json"]


def test_written_files_have_the_permissions_of_new_files(tmp_path):
    mask = os.umask(0o027)
    try:
        write_json(tmp_path / "a.json", 1)
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o640
    assert os.umask(mask) == mask


def test_what_cannot_be_written_is_an_error_of_one_line_naming_the_path(tmp_path):
    (tmp_path / "file").write_text("")
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "file" / "web.json", ""), (tmp_path / ("x" * 300), "")):
        with pytest.raises(OSError, match=f"cannot write {path}: .*{reason}") as caught, whole_file(path):
            pass
        assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["file"]


def test_json_ends_with_a_newline_and_refuses_what_json_cannot_say(tmp_path):
    path = tmp_path / "a.json"
    value = {"seed": 3, "names": ["a", None], "share": 0.1}
    write_json(path, value)
    assert path.read_text().endswith("}\n")
    assert json.loads(path.read_text()) == value
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text()) == value
    assert names(tmp_path) == ["a.json"]


def test_sha256_of_the_content(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc" * 1000)
    assert sha256(path) == hashlib.sha256(b"abc" * 1000).hexdigest()
