"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A temporary name beside ``path`` (same suffix); renamed to ``path`` on success, removed on failure.

    Makes missing parent folders. Raises `OSError` naming ``path`` if its folder cannot be written.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_readable(path: Path, most: int, needed: str = "") -> None:
    """Raise `FileNotFoundError` where there is no file, `ValueError` where it is empty or larger than ``most`` bytes.

    ``needed``: what to add where it is missing.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: {'is a folder, not a file' if path.is_dir() else 'no such file'}{needed}")
    size = path.stat().st_size
    if size == 0:
        raise ValueError(f"{path}: the file is empty")
    if size > most:
        raise ValueError(f"{path}: the file has {size >> 20} MiB, at most {most >> 20} MiB are read")


def check_writable(path: str | Path) -> None:
    """Raise now the `OSError` that `whole_file` would raise after long work; nothing is left behind."""
    path = Path(path)
    new_folders = [folder for folder in path.parents if not os.path.lexists(folder)]
    try:
        _temporary(path).unlink()
    finally:
        for folder in new_folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _temporary(path: Path) -> Path:
    """A new file beside ``path``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError("is a folder")
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from None
    os.close(handle)
    return Path(name)


def write_json(path: str | Path, value: Any) -> None:
    """``value`` as indented JSON with a final newline."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")


def sha256(path: str | Path) -> str:
    """Hex digest of a file's content."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
