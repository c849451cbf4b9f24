import numpy as np
import pytest

from assembly.curves import csv_curve, csv_points, polyline, spline

POINTS = np.array([[0, 0, 0], [30, 0, 0], [30, 20, 5], [0, 20, 10]])


@pytest.fixture
def csv_file(tmp_path):
    def write(text, name="points.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def table(points, header="x,y,z\n"):
    return header + "".join(",".join(map(str, row)) + "\n" for row in points)


@pytest.mark.parametrize("header", ["", "x,y,z\n", "X, Y, Z\n"])
def test_points_of_a_file_are_a_polyline(csv_file, header):
    path = csv_file(table(POINTS, header))
    np.testing.assert_array_equal(csv_curve(path).points, polyline(POINTS).points)
    np.testing.assert_array_equal(csv_curve(str(path)).points, polyline(POINTS).points)


def test_options_are_heard(csv_file):
    path = csv_file(table(POINTS))
    np.testing.assert_array_equal(csv_curve(path, closed=True).points, polyline(POINTS, closed=True).points)
    np.testing.assert_array_equal(csv_curve(path, corner_radius=3).points, polyline(POINTS, corner_radius=3).points)
    np.testing.assert_array_equal(csv_curve(path, smooth=True).points, spline(POINTS).points)
    np.testing.assert_array_equal(csv_curve(path, smooth=True, closed=True).points, spline(POINTS, closed=True).points)


def test_points_in_a_plane_have_z_0_and_other_columns_are_left_out(csv_file):
    path = csv_file("name,y,x\na,1,2\nb,3,4\nc,9,9\n")
    np.testing.assert_array_equal(csv_curve(path).points, polyline([[2, 1, 0], [4, 3, 0], [9, 9, 0]]).points)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y,z\n0,0,0\n1,one,0\n", "line 3: y is 'one', must be a number"),
        ("x,y,z\n0,0,0\n1,0\n", "line 3 has 2 columns, expected 3"),
        ("x,y,z\n0,0,0\n", "shape"),
        ("a,b\n1,2\n", "must name the columns x, y"),
        ("x,y,z\n0,0,0\nnan,0,0\n", "finite"),
        ("x,y\n0,0\n1,0\n1,0\n2,0\n", "stands still at point 1"),
        ("x,y\n0,0\n5,0\n2,0\n", "turns back"),
        ('x,y\n0,0\n"5,0\n', "line 3"),
        ("\x00\x01", "points.csv"),
        ("", "the file is empty"),
    ],
)
def test_files_that_hold_no_curve_are_refused(csv_file, text, message):
    path = csv_file(text)
    with pytest.raises(ValueError, match=message) as error:
        csv_curve(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read_are_told(csv_file, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no such file"):
        csv_curve(tmp_path / "missing.csv")
    path = csv_file(table(POINTS))
    with pytest.raises(ValueError, match="corner_radius is 2, but a smooth curve has no corners"):
        csv_curve(path, smooth=True, corner_radius=2)
    monkeypatch.setattr(csv_points, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="at most"):
        csv_curve(path)
