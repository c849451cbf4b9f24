import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from structgen.sources.clouds import fields, read_cloud

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-50, 50, (40, 3)).astype(np.float32)


def pcd(data="binary", points=POINTS, body=None, **changes):
    facts = {
        "VERSION": "0.7", "FIELDS": "x y z", "SIZE": "4 4 4", "TYPE": "F F F", "COUNT": "1 1 1", "WIDTH": len(points),
        "HEIGHT": 1, "VIEWPOINT": "0 0 0 1 0 0 0", "POINTS": len(points), "DATA": data,
    } | changes  # fmt: skip
    head = "# .PCD v0.7\n" + "".join(f"{key} {value}\n" for key, value in facts.items() if value is not None)
    if body is None:
        body = text(points) if data == "ascii" else points.astype("<f4").tobytes()
    return head.encode() + body


def ply(kind="binary_little_endian", points=POINTS, body=None, vertex=None, more=""):
    head = f"ply\nformat {kind} 1.0\ncomment made here\nelement vertex {len(points) if vertex is None else vertex}\n"
    head += f"property float x\nproperty float y\nproperty float z\n{more}end_header\n"
    if body is None:
        order = {"ascii": None, "binary_little_endian": "<f4", "binary_big_endian": ">f4"}[kind]
        body = points.astype(order).tobytes() if order else text(points)
    return head.encode() + body


def text(points):
    return "".join(" ".join(f"{value!r}" for value in row) + "\n" for row in points.tolist()).encode()


def lzf_literals(data):
    """LZF without any copies."""
    parts = [data[k : k + 32] for k in range(0, len(data), 32)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


def compressed(points, packed=None):
    plain = points.astype("<f4").T.tobytes()
    packed = lzf_literals(plain) if packed is None else packed
    return struct.pack("<II", len(packed), len(plain)) + packed


@pytest.fixture
def saved(tmp_path):
    """``saved(name, content)``: the path of a file."""

    def save(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return save


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pcd", pcd()),
        ("a.PCD", pcd("ascii")),
        ("a.pcd", pcd("binary_compressed", body=compressed(POINTS))),
        ("a.pcd", pcd(COUNT=None, HEIGHT=None, VIEWPOINT=None, POINTS=None)),
        ("a.ply", ply()),
        ("a.ply", ply("binary_big_endian")),
        ("a.ply", ply("ascii", more="element face 1\nproperty list uchar int vertex_indices\n",
                      body=text(POINTS) + b"3 0 1 2\n")),
        ("a.xyz", text(POINTS)),
        ("a.txt", b"// CloudCompare\n\nX Y Z\n" + text(POINTS)),
        ("a.xyz", b"40\n" + text(POINTS)),
        ("a.asc", b"# a comment\nx;y;z;i\n" + text(np.column_stack([POINTS, POINTS[:, 0]])).replace(b" ", b";")),
        ("a.txt", text(POINTS).replace(b" ", b",")),
    ],
)  # fmt: skip
def test_points_are_read_as_they_were_written(saved, name, content):
    points = read_cloud(saved(name, content))
    assert points.dtype == np.float64
    np.testing.assert_array_equal(points, POINTS)


def test_other_fields_of_a_pcd_are_passed_over(saved):
    record = np.dtype([("n", "<f4", 3), ("z", "<f8"), ("y", "<f4"), ("_", "u1", 5), ("x", "<i2")])
    rows = np.zeros(7, record)
    rows["x"], rows["y"], rows["z"] = np.arange(7), np.arange(7) + 0.5, np.arange(7) + 0.25
    rows["n"], rows["_"] = 9, 9
    content = pcd(points=rows, body=rows.tobytes(), FIELDS="normal z y _ x", SIZE="4 8 4 1 2", TYPE="F F F U I",
                  COUNT="3 1 1 5 1")  # fmt: skip
    expected = np.column_stack([rows["x"], rows["y"], rows["z"]])
    np.testing.assert_array_equal(read_cloud(saved("a.pcd", content)), expected)
    words = "".join(f"9 9 9 {z} {y} 9 9 9 9 9 {x}\n" for x, y, z in expected)
    content = pcd("ascii", rows, words.encode(), FIELDS="normal z y _ x", SIZE="4 8 4 1 2", TYPE="F F F U I",
                  COUNT="3 1 1 5 1")  # fmt: skip
    np.testing.assert_array_equal(read_cloud(saved("b.pcd", content)), expected)


def test_vertices_behind_another_element_of_a_ply_are_found(saved):
    head = "ply\nformat {} 1.0\nelement camera 2\nproperty double f\nproperty uchar n\nelement vertex 3\n"
    head += "property uchar red\nproperty float z\nproperty float x\nproperty double y\nend_header\n"
    rows = [(7, 3.0, 1.0, 2.0), (8, 6.0, 4.0, 5.0), (9, 9.0, 7.0, 8.0)]
    binary = b"".join(struct.pack("<dB", 1, 2) for _ in range(2)) + b"".join(struct.pack("<Bffd", *r) for r in rows)
    words = b"1 2\n1 2\n" + b"".join(b"%d %f %f %f\n" % row for row in rows)
    for kind, body in (("binary_little_endian", binary), ("ascii", words)):
        path = saved("a.ply", head.format(kind).encode() + body)
        np.testing.assert_array_equal(read_cloud(path), np.arange(1.0, 10.0).reshape(3, 3))


def test_points_without_return_of_an_organised_pcd_are_left_out(saved):
    points = POINTS.copy()
    points[[3, 8]] = np.nan
    read = read_cloud(saved("a.pcd", pcd(points=points, WIDTH=10, HEIGHT=4)))
    np.testing.assert_array_equal(read, np.delete(POINTS, [3, 8], axis=0))


@given(st.lists(st.tuples(st.integers(1, 30), st.binary(min_size=1, max_size=9)), min_size=1, max_size=12))
def test_lzf_copies_repeat_what_was_written(runs):
    """A run of a pattern is a literal and one overlapping copy; liblzf packs it so."""
    from structgen.sources.clouds.pcd import _unpacked

    plain, packed = b"", b""
    for times, pattern in runs:
        plain += pattern * (times + 1)
        packed += bytes([len(pattern) - 1]) + pattern
        length = len(pattern) * times
        while length:
            step = min(length, 264) if length - min(length, 264) not in (1, 2) else min(length, 264) - 2
            if step < 3:
                packed += bytes([step - 1]) + plain[len(plain) - length :][:step]
            else:
                far = len(pattern) - 1
                short = step - 2
                packed += bytes([(min(short, 7) << 5) | (far >> 8)])
                packed += (bytes([short - 7]) if short >= 7 else b"") + bytes([far & 255])
            length -= step
    assert _unpacked(memoryview(packed), len(plain)) == plain


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.las", b"x", ("suffix '.las' is no point cloud", ".pcd", ".tiff")),
        ("a.pcd", b"", ("the file is empty",)),
        ("a.pcd", b"garbage", ("no line 'DATA'",)),
        ("a.pcd", b"\n" * 70000 + pcd(), ("no line 'DATA'", "65536")),
        ("a.pcd", pcd()[:-1], ("states 40 points of 12 bytes", "1 bytes more")),
        ("a.pcd", pcd(WIDTH=41), ("POINTS is 40, WIDTH * HEIGHT is 41",)),
        ("a.pcd", pcd(WIDTH=10**9, POINTS=10**9), ("WIDTH is '1000000000'", "50000000")),
        ("a.pcd", pcd(WIDTH=40_000_000, HEIGHT=40_000_000, POINTS=None), ("must be equal",)),
        ("a.pcd", pcd(WIDTH=40_000_000, POINTS=40_000_000), ("states 40000000 points of 12 bytes",)),
        ("a.pcd", pcd("ascii", WIDTH=40_000_000, POINTS=40_000_000), ("states 40000000 points of 3 numbers",)),
        ("a.pcd", pcd(WIDTH=-40), ("WIDTH is '-40'", "whole number")),
        ("a.pcd", pcd(POINTS="\u0664\u0660"), ("POINTS is",)),
        ("a.pcd", pcd(COUNT="1 1 99999999"), ("COUNT of z is '99999999'",)),
        ("a.pcd", pcd(COUNT="2 1 1"), ("COUNT of x, y and z must be 1",)),
        ("a.pcd", pcd(SIZE="4 4 3"), ("TYPE 'F' with SIZE '3'",)),
        ("a.pcd", pcd(TYPE="F F O"), ("TYPE 'O'",)),
        ("a.pcd", pcd(SIZE="4 4"), ("as many fields",)),
        ("a.pcd", pcd(FIELDS="x y w"), ("fields x, y, z", "x y w")),
        ("a.pcd", pcd(FIELDS="x x z"), ("each once",)),
        ("a.pcd", b"EVIL 1\n" + pcd(), ("not a PCD file", "EVIL")),
        ("a.pcd", pcd(SIZE=None), ("not a PCD file",)),
        ("a.pcd", pcd("pickle", body=b""), ("DATA is 'pickle'", "binary_compressed")),
        ("a.pcd", pcd(points=POINTS[:0]), ("holds 0 points",)),
        ("a.pcd", pcd(points=np.where(np.arange(40)[:, None] == 7, np.nan, POINTS)), ("point 7", "finite")),
        ("a.pcd", pcd("ascii", body=text(POINTS[:-2]) + b" " * 99), ("states 40 points, but holds 38",)),
        ("a.pcd", pcd("ascii", body=text(POINTS).replace(b"\n", b" spam\n", 1)), ("'spam'",)),
        ("a.pcd", pcd("ascii", body=text(np.tile(POINTS, 2))), ("hold 6 numbers, must hold 3",)),
        ("a.pcd", pcd("binary_compressed", body=b"12"), ("ends before its compressed data",)),
        ("a.pcd", pcd("binary_compressed", body=compressed(POINTS)[:-3]), ("3 bytes too soon",)),
        ("a.pcd", pcd("binary_compressed", body=compressed(POINTS[1:])), ("unpack to 468 bytes", "480")),
        ("a.pcd", pcd("binary_compressed", body=compressed(POINTS, b"\xe0\xff\xff" * 4)), ("damaged",)),
        ("a.pcd", pcd("binary_compressed", body=compressed(POINTS, b"\x00a" + b"\xe0\xff\x00" * 9999)), ("of 480",)),
        ("a.ply", b"PLY\nend_header\n", ("first line must be 'ply'",)),
        ("a.ply", ply()[:-1], ("1 bytes more than it holds",)),
        ("a.ply", ply(vertex=10**11, more=""), ("number of 'vertex'", "points of 12 bytes")[1:]),
        ("a.ply", ply(vertex=-1), ("number of 'vertex' is '-1'",)),
        ("a.ply", ply(vertex="9" * 400), ("number of 'vertex'",)),
        ("a.ply", ply("ascii", vertex=10**8), ("more than its",)),
        ("a.ply", ply("ascii", body=b"a b c\n" * 40), ("a.ply: ",)),
        ("a.ply", ply(more="property list uchar int friends\n"), ("vertices have a list",)),
        ("a.ply", ply(more="property complex c\n"), ("'property complex c'",)),
        ("a.ply", ply().replace(b"property float z\n", b""), ("fields x, y, z",)),
        ("a.ply", ply().replace(b"element vertex", b"element corner"), ("no element 'vertex'",)),
        ("a.ply", ply().replace(b"format binary_little_endian 1.0\n", b""), ("no format",)),
        ("a.ply", ply(points=np.full((3, 3), np.inf, np.float32)), ("point 0", "finite")),
        ("a.xyz", b"1 2\n3 4\n", ("'1 2'", "at least x y z")),
        ("a.xyz", b"# only a comment\n", ("at least x y z",)),
        ("a.xyz", b"41\n" + text(POINTS), ("states 41 points, but holds 40",)),
        ("a.xyz", text(POINTS) + b"1 2\n", ("a.xyz: ",)),
        ("a.xyz", b"1 2 3\n1 nan 3\n", ("point 1", "finite")),
        ("a.xyz", bytes(range(256)) * 9, ("a.xyz: ",)),
    ],
)  # fmt: skip
def test_malformed_files_are_refused_in_one_line(refused, saved, name, content, words):
    path = saved(name, content)
    with refused(str(path), *words):
        read_cloud(path)


def test_no_file_a_folder_and_a_threshold_for_points(refused, saved, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_cloud(tmp_path / "a.pcd")
    (tmp_path / "b.pcd").mkdir()
    with pytest.raises(FileNotFoundError, match="is a folder"):
        read_cloud(tmp_path / "b.pcd")
    with refused("threshold is 5", "no image stack"):
        read_cloud(saved("a.xyz", text(POINTS)), threshold=5)


def test_large_files_are_refused_unread(refused, saved, monkeypatch):
    monkeypatch.setattr("structgen.sources.clouds.MAX_BYTES", 100)
    with refused("0 MiB"):
        read_cloud(saved("a.pcd", pcd()))


GOOD = {
    "b.pcd": pcd(), "a.pcd": pcd("ascii"), "c.pcd": pcd("binary_compressed", body=compressed(POINTS)),
    "b.ply": ply(), "a.ply": ply("ascii"), "a.xyz": text(POINTS),
}  # fmt: skip


@given(st.data())
def test_damaged_files_are_read_or_refused_but_never_crash(tmp_path_factory, data):
    """Bytes changed, taken out or put in, the end cut off: points, or a `ValueError` that names the file."""
    name = data.draw(st.sampled_from(sorted(GOOD)))
    content = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"-", b"9" * 30, b"nan", b"1e999", b"\n", b" "]))
        )
    content = content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))]
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(bytes(content))
    points, message = np.zeros((0, 3)), f"{path}: "
    try:
        points = read_cloud(path)
    except ValueError as error:
        message = str(error)
    assert message.startswith(f"{path}: ") and "\n" not in message
    assert points.ndim == 2 and points.shape[1] == 3 and np.isfinite(points).all()
    assert len(points) <= len(content)


def test_header_counts_are_checked_before_memory_is_taken():
    assert fields.MAX_POINTS * 24 < 2**31
    with pytest.raises(ValueError, match="more than its 5 bytes can hold"):
        fields.from_text(b"1 2 3", 2**40, (0, 1, 2), 3)


# -- image stacks -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tifffile():
    pytest.importorskip("skimage", reason="needs scikit-image, of the extra 'scan'")
    return pytest.importorskip("tifffile", reason="needs tifffile, of the extra 'scan'")


@pytest.fixture
def stack():
    """5 images of 12 x 9 pixels, a bright thread across them."""
    grey = RNG.integers(0, 20, (5, 12, 9)).astype(np.uint8)
    for image in range(5):
        grey[image, 2 * image, image + 1] = 200
    return grey


@pytest.mark.parametrize("options", [{}, {"imagej": True}, {"dtype": np.uint16}, {"dtype": np.float32},
                                     {"compression": "zlib"}, {"bigtiff": True}])  # fmt: skip
def test_bright_pixels_of_a_stack_are_points(tifffile, stack, tmp_path, options):
    options = dict(options)
    grey = stack.astype(options.pop("dtype", np.uint8))
    tifffile.imwrite(tmp_path / "a.tif", grey, **options)
    points = read_cloud(tmp_path / "a.tif")
    np.testing.assert_array_equal(points, [[k + 1, 2 * k, k] for k in range(5)])
    assert len(read_cloud(tmp_path / "a.tif", threshold=-1)) == grey.size


def test_one_image_is_a_stack_of_one(tifffile, stack, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", stack[1])
    np.testing.assert_array_equal(read_cloud(tmp_path / "a.tif"), [[2, 2, 0]])


def test_stacks_that_are_none(tifffile, stack, refused, saved, tmp_path):
    path = tmp_path / "a.tif"
    for grey, words in (
        (np.zeros((4, 8, 8, 3), np.uint8), ("must be grey",)),
        (np.zeros((4, 8, 8), np.uint8), ("0 pixels are brighter",)),
        (np.full((4, 8, 8), np.nan, np.float32), ("finite",)),
    ):
        tifffile.imwrite(path, grey, photometric="rgb" if grey.ndim == 4 else "minisblack")
        with refused(str(path), *words):
            read_cloud(path)
    tifffile.imwrite(path, stack)
    with refused("brighter than threshold 300"):
        read_cloud(path, threshold=300)
    for damaged in (b"garbage", b"II*\0" + b"\xff" * 60, path.read_bytes()[:200], path.read_bytes()[:600]):
        with refused("b.tif: "):
            read_cloud(saved("b.tif", damaged))


def test_a_tiff_that_states_a_huge_image_is_refused_unread(tifffile, refused, saved):
    tags = [(256, 4, 1, 2**20), (257, 4, 1, 2**20), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
            (277, 3, 1, 1), (278, 4, 1, 2**20), (279, 4, 1, 8)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    content = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + bytes(4)
    with refused("1099511627776 pixels"):
        read_cloud(saved("a.tif", content))
