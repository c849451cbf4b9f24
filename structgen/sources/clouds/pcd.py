"""Point Cloud Data files, version 0.7 (https://pointclouds.org/documentation/tutorials/pcd_file_format.html)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from structgen.sources.clouds.fields import (
    MAX_FIELDS,
    MAX_POINTS,
    FloatArray,
    count,
    from_bytes,
    from_text,
    header,
    position,
)

TYPES = {"F": "f", "I": "i", "U": "u"}
KEYS = ("VERSION", "FIELDS", "SIZE", "TYPE", "COUNT", "WIDTH", "HEIGHT", "VIEWPOINT", "POINTS", "DATA")


def read(path: Path) -> FloatArray:
    """See `structgen.sources.clouds.read_cloud`."""
    data = path.read_bytes()
    lines, at = header(data, "DATA")
    facts = {words[0]: words[1:] for words in lines if not words[0].startswith("#")}
    unknown = [key for key in facts if key not in KEYS]
    if unknown or not {"FIELDS", "SIZE", "TYPE", "WIDTH"} <= set(facts):
        raise ValueError(
            f"not a PCD file: its header has {' '.join(facts)[:100]}, must have FIELDS, SIZE, TYPE, WIDTH, DATA"
        )
    names, sizes, types = facts["FIELDS"], facts["SIZE"], facts["TYPE"]
    counts = facts.get("COUNT", ["1"] * len(names))
    if not len(names) == len(sizes) == len(types) == len(counts) <= MAX_FIELDS:
        raise ValueError(f"FIELDS, SIZE, TYPE and COUNT must name as many fields, at most {MAX_FIELDS}")
    height = count((facts.get("HEIGHT") or ["1"])[0], "HEIGHT")
    points = count((facts["WIDTH"] or [""])[0], "WIDTH") * height
    if points > MAX_POINTS or count((facts.get("POINTS") or [str(points)])[0], "POINTS") != points:
        raise ValueError(f"POINTS is {' '.join(facts.get('POINTS', []))}, WIDTH * HEIGHT is {points}; must be equal")
    numbers = [count(text, f"COUNT of {name}", MAX_FIELDS) for name, text in zip(names, counts, strict=True)]
    columns = position(names)
    if any(numbers[column] != 1 for column in columns):
        raise ValueError("COUNT of x, y and z must be 1")
    record = np.dtype([
        (str(k), _type(kind, size), (number,)) if number != 1 else (str(k), _type(kind, size))
        for k, (kind, size, number) in enumerate(zip(types, sizes, numbers, strict=True))
    ])  # fmt: skip
    body = memoryview(data)[at:]
    match facts["DATA"]:
        case ["ascii"]:
            starts = np.cumsum([0, *numbers])
            found = from_text(bytes(body), points, starts[columns].tolist(), int(starts[-1]))
        case ["binary"]:
            found = from_bytes(body, record, points, [str(column) for column in columns])
        case ["binary_compressed"]:
            found = _compressed(body, record, points, [str(column) for column in columns])
        case words:
            raise ValueError(f"DATA is {' '.join(words)[:40]!r}, must be ascii, binary or binary_compressed")
    # In an organised cloud, an image, NaN is where nothing came back.
    return found[~np.isnan(found).all(axis=1)] if height > 1 else found


def _type(kind: str, size: str) -> str:
    if kind not in TYPES or size not in (("4", "8") if kind == "F" else ("1", "2", "4", "8")):
        raise ValueError(f"TYPE {kind[:10]!r} with SIZE {size[:10]!r} is none of F 4, F 8, I or U 1, 2, 4, 8")
    return f"<{TYPES[kind]}{size}"


def _compressed(body: memoryview, record: np.dtype[np.void], points: int, names: list[str]) -> FloatArray:
    """Fields one after the other, each for all points, compressed by LZF."""
    if len(body) < 8:
        raise ValueError("it ends before its compressed data")
    packed, unpacked = (int(number) for number in np.frombuffer(body[:8], "<u4"))
    if unpacked != record.itemsize * points:
        raise ValueError(f"its data unpack to {unpacked} bytes, {points} points have {record.itemsize * points}")
    if packed > len(body) - 8:
        raise ValueError(f"its compressed data end {packed - len(body) + 8} bytes too soon")
    data = _unpacked(body[8 : 8 + packed], unpacked)
    columns = []
    for name in names:
        field, offset = record.fields[name][:2]  # type: ignore[index]
        with np.errstate(invalid="ignore"):
            columns.append(np.frombuffer(data, field, points, offset * points).astype(float))
    return np.column_stack(columns)


def _unpacked(data: memoryview, size: int) -> bytes:
    """LZF (M. Lehmann's liblzf): runs of literals, and copies of what was written at most 8 KiB before."""
    written = bytearray()
    at, end = 0, len(data)
    try:
        while at < end and len(written) <= size:
            control = data[at]
            at += 1
            if control < 32:
                if at + control + 1 > end:
                    raise IndexError
                written += data[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += data[at]
                at += 1
            start = len(written) - ((control & 31) << 8) - data[at] - 1
            at += 1
            length += 2
            if start < 0:
                raise IndexError
            # A copy may run into what it writes, which then repeats.
            chunk = bytes(written[start : start + length])
            written += (chunk * (length // len(chunk) + 1))[:length]
    except IndexError:
        raise ValueError("its compressed data are damaged") from None
    if len(written) != size:
        raise ValueError(f"its compressed data unpack to {len(written)} of {size} bytes")
    return bytes(written)
