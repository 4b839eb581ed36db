# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import ConfigError
from hwgen.files import FileSet, json_bytes, npz_bytes

OURS = '{"hwgen": "0", "schema": 1, "files": {}}'
FILES = FileSet.of({"b/c.txt": "two", "a.txt": b"one", "manifest.json": OURS})


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_set_is_sorted_and_says_what_it_holds() -> None:
    assert FILES.paths == ("a.txt", "b/c.txt", "manifest.json")
    assert FILES["a.txt"] == b"one"
    assert dict(FILES)["b/c.txt"] == b"two"
    with pytest.raises(KeyError):
        FILES["absent"]


def test_digest_depends_on_names_and_content_only() -> None:
    again = FileSet(tuple(reversed(FILES.files)))
    assert again == FILES
    assert again.digest() == FILES.digest()
    assert FileSet.of({"a": "bc"}).digest() != FileSet.of({"ab": "c"}).digest()
    assert FileSet.of({"a": "x", "b": ""}).digest() != FileSet.of({"a": "", "b": "x"}).digest()


def test_sets_join_but_never_overwrite() -> None:
    assert (FILES | FileSet.of({"z": ""})).paths[-1] == "z"
    with pytest.raises(AssertionError, match="two files"):
        FILES | FILES


@pytest.mark.parametrize("path", ["/abs", "../up", "a/../b", "a//b", "./a", "", ".", "a\\b"])
def test_paths_outside_are_refused(path: str) -> None:
    with pytest.raises(AssertionError, match="path"):
        FileSet.of({path: ""})


def test_write_makes_the_folder_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    assert FILES.write(folder) == folder
    assert _tree(folder) == dict(FILES.files)
    assert [p.name for p in folder.parent.iterdir()] == ["out"]
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert folder.stat().st_mode == fresh.stat().st_mode


def test_own_folder_is_replaced_whole(tmp_path: Path) -> None:
    FILES.write(tmp_path / "out")
    (tmp_path / "out" / "stale.txt").write_text("old")
    FileSet.of({"manifest.json": OURS}).write(tmp_path / "out")
    assert list(_tree(tmp_path / "out")) == ["manifest.json"]


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    FILES.write(str(tmp_path / "out"))
    assert _tree(tmp_path / "out") == dict(FILES.files)


@pytest.mark.parametrize("marker", [None, "{}", "[1]", "3", "no json", '"hwgen"', '["hwgenx"]'])
def test_foreign_folder_is_left_alone(tmp_path: Path, marker: str | None) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    if marker is not None:
        (out / "manifest.json").write_text(marker)
    before = _tree(tmp_path)
    with pytest.raises(ConfigError, match="not overwritten") as caught:
        FILES.write(out)
    assert caught.value.hint
    assert _tree(tmp_path) == before


def test_file_or_link_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(ConfigError, match="must be a folder"):
            FILES.write(tmp_path / name)
    with pytest.raises(ConfigError, match="cannot be written"):
        FILES.write(tmp_path / "file" / "below")


def test_failure_half_way_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        if self.name == "manifest.json":
            raise OSError(28, "No space left on device")
        return original(self, data)

    FILES.write(tmp_path / "out")
    before = _tree(tmp_path)
    original = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", full)
    for folder in (tmp_path / "out", tmp_path / "new" / "deep" / "out"):
        with pytest.raises(ConfigError, match="No space left"):
            FILES.write(folder)
        assert _tree(tmp_path) == before
        assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_failed_swap_brings_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise PermissionError(13, "Permission denied")
        return original(self, target)

    FILES.write(tmp_path / "out")
    original = Path.rename
    monkeypatch.setattr(Path, "rename", stuck)
    with pytest.raises(ConfigError, match="Permission denied"):
        FileSet.of({"manifest.json": "{}"}).write(tmp_path / "out")
    assert _tree(tmp_path / "out") == dict(FILES.files)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_parent_that_nobody_may_write_is_told() -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        FILES.write("/proc/out")  # not even root may


def test_npz_is_the_same_bytes_every_time() -> None:
    arrays = {"b": np.arange(6, dtype=np.int64).reshape(2, 3), "a": np.zeros((1, 4), np.int64)}
    turned = {"a": arrays["a"], "b": np.asfortranarray(arrays["b"])}
    data = npz_bytes(arrays)
    assert data == npz_bytes(turned)
    with np.load(io.BytesIO(data)) as loaded:
        assert loaded.files == ["a", "b"]
        for name, array in arrays.items():
            assert np.array_equal(loaded[name], array)
            assert loaded[name].dtype == np.int64


def test_json_reads_back_and_keeps_order() -> None:
    value = {"z": [1, 2, 3], "a": {"x": [], "y": {}}, "list": [{"w": 1}, {"w": 2}], "n": [[1], [2]]}
    text = json_bytes(value).decode()
    assert json.loads(text) == value
    assert list(json.loads(text)) == list(value)
    assert '"z": [1, 2, 3]' in text
    assert text.endswith("}\n")
    with pytest.raises(ValueError, match="JSON"):
        json_bytes({"x": float("nan")})
