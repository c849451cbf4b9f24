import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assembly import fields
from assembly.curves import helix, line
from assembly.fields import Field, as_field, expression, from_picture, graded_radius, linear, radial, shares_along
from structgen.web import WebGraph

points = st.lists(st.tuples(*[st.floats(-100, 100)] * 3), min_size=1, max_size=8).map(np.array)


@given(points, st.booleans())
def test_a_linear_field_lies_between_its_ends_and_grows_along_its_way(places, smooth):
    field = linear(1, 3, (0, 0, -10), (0, 0, 30), smooth)
    values = field(places)
    assert ((values >= 1) & (values <= 3)).all()
    order = np.argsort(places[:, 2])
    assert (np.diff(values[order]) >= -1e-12).all()
    assert field([[5, 5, -10], [7, 7, 10], [0, 0, 30], [0, 0, 99]]).tolist() == pytest.approx([1, 2, 3, 3])


def test_a_smooth_field_sets_out_and_arrives_without_a_slope():
    straight, smooth = (linear(0, 1, (0, 0, 0), (10, 0, 0), smooth) for smooth in (False, True))
    near = [[0.1, 0, 0], [9.9, 0, 0]]
    assert straight(near).tolist() == pytest.approx([0.01, 0.99])
    assert smooth(near).tolist() == pytest.approx([0.000298, 0.999702])


def test_a_radial_field_goes_by_the_distance_from_its_centre():
    field = radial(0.6, 0.2, (1, 0, 0), 4)
    assert field([[1, 0, 0], [1, 2, 0], [1, 0, 4], [50, 0, 0]]).tolist() == pytest.approx([0.6, 0.4, 0.2, 0.2])


@given(points)
def test_expressions_are_of_the_coordinates_and_of_the_place_along_a_curve(places):
    np.testing.assert_allclose(expression("x + 2*y - z")(places), places @ [1, 2, -1], atol=1e-9)
    np.testing.assert_allclose(expression("0.3")(places), 0.3)
    np.testing.assert_allclose(expression("s", line(50))(places), np.clip(places[:, 0] / 50, 0, 1), atol=1e-4)


def test_the_share_along_a_curve_is_that_of_the_nearest_place():
    curve = helix(30, 40, 2)
    shares = np.array([0, 0.1, 0.5, 0.93, 1])
    beside = curve.at(shares * curve.length) + 3 * curve.frames(shares * curve.length)[:, :, 1]
    np.testing.assert_allclose(shares_along(curve)(beside), shares, atol=2e-3)


@pytest.mark.parametrize("value", [2, 2.0, "2", lambda p: np.full(len(p), 2.0), lambda p: 2, Field(lambda p: 2.0)])
def test_a_field_is_made_from_a_number_an_expression_a_function_or_itself(value):
    assert as_field(value)([[0, 0, 0], [1, 2, 3]]).tolist() == [2, 2]


def chain(radius=0.1):
    return WebGraph.from_edges([[0, 0, 0], [4, 0, 0], [4, 0, 4], [0, 0, 8]], [(0, 1), (1, 2), (2, 3)], radius, 5)


def test_radii_are_those_at_the_middles_of_the_struts():
    web = graded_radius(chain(), "0.1 + 0.1*z")
    assert web.radius.tolist() == pytest.approx([0.1, 0.3, 0.7])
    assert web == chain().with_radius(web.radius)
    along = graded_radius(chain(), "0.2 + 0.2*s", line(4))
    assert along.radius.tolist() == pytest.approx([0.3, 0.4, 0.3], abs=1e-3)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("z - 1", r"radius is -1 mm at \(2, 0, 0\) mm, must be > 0 and at most half the mean edge length, 2.276 mm"),
        (0, "radius is 0 mm"),
        ("3", "radius is 3 mm"),
        ("1/z", "not finite everywhere"),
        ("w", "'w' is not allowed; names are x, y, z"),
        ("s", "'s' is not allowed"),
        (None, "field is None, must be a number, an expression, a function of points or a Field"),
        (lambda p: p[:, :2], r"field has values of shape \(3, 2\) at 3 points"),
        (lambda p: np.where(p[:, 2] > 3, np.nan, 1), r"field is nan at \(2, 0, 6\) mm|field is nan at \(2, 0, 6\)"),
    ],
)
def test_wrong_radii_are_told(field, message):
    with pytest.raises(ValueError, match=message):
        graded_radius(chain(), field)


@pytest.fixture
def saved(tmp_path):
    """``saved(rows)``: the name of a PNG file with these grey values, 0 to 255, the top row first."""

    def save(rows, **options):
        path = tmp_path / "picture.png"
        Image.fromarray(np.array(rows, **{"dtype": np.uint8, **options})).save(path)
        return path

    return save


BOX = [[0, 0, 0], [20, 20, 20]]


@pytest.mark.parametrize(("axis", "right", "up"), [("z", 0, 1), ("y", 0, 2), ("x", 1, 2)])
def test_a_picture_is_seen_along_an_axis(saved, axis, right, up):
    field = from_picture(saved([[0, 255], [51, 102]]), BOX, axis, black=1, white=2)
    places = np.full((4, 3), 7.0)
    places[:, right], places[:, up] = [5, 15, 5, 15], [15, 15, 5, 5]
    assert field(places).tolist() == pytest.approx([1, 2, 1.2, 1.4])


def test_a_picture_is_smooth_between_its_pixels_and_goes_on_beyond_its_border(saved):
    field = from_picture(saved([[0, 255]]), [[0, 0, 0], [20, 10, 0]])
    places = [[5, 5, 0], [10, 5, 0], [12.5, 9, 4], [99, 5, 0], [-99, 50, 0]]
    assert field(places).tolist() == pytest.approx([0, 0.5, 0.75, 1, 0])


def test_a_picture_covers_a_box_of_other_proportions(saved):
    """Twice as wide as the box is high: its middle is seen."""
    field = from_picture(saved([[0, 51, 102, 153]]), [[0, 0, 0], [10, 10, 0]])
    assert field([[0, 5, 0], [10, 5, 0], [-10, 5, 0], [5, 5, 0]]).tolist() == pytest.approx([0.2, 0.4, 0, 0.3])


def test_pictures_in_colour_and_of_16_bits_are_read_as_grey(saved):
    assert from_picture(saved([[[255, 255, 255], [0, 0, 0]]]), BOX)([[0, 10, 0]]) == pytest.approx(1)
    assert from_picture(saved([[0, 13107]], dtype=np.uint16), BOX)([[99, 10, 0]]) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"axis": "w"}, "axis is 'w', must be one of x, y, z"),
        ({"box": [[0, 0, 0], [0, 0, 5]]}, "box has no extent across z"),
        ({"box": [[1, 0, 0], [0, 5, 5]]}, "must be the lower and the upper corner"),
    ],
)
def test_wrong_pictures_are_told(saved, options, message):
    with pytest.raises(ValueError, match=message):
        from_picture(saved([[0]]), **{"box": BOX, **options})


def test_files_that_are_no_picture_are_told(saved, tmp_path, monkeypatch):
    path = saved(np.zeros((50, 50)))
    broken = tmp_path / "broken.png"
    broken.write_bytes(path.read_bytes()[:60])
    other = tmp_path / "other.png"
    other.write_bytes(b"GIF89a not a picture")
    for wrong in (broken, other):
        with pytest.raises(ValueError, match=f"{wrong.name}: no PNG picture, or a broken one"):
            from_picture(wrong, BOX)
    with pytest.raises(FileNotFoundError, match=r"none.png: no such file"):
        from_picture(tmp_path / "none.png", BOX)
    monkeypatch.setattr(fields, "MAX_PIXELS", 2499)
    with pytest.raises(ValueError, match="the picture has 50 x 50 pixels, at most 2499 in all are read"):
        from_picture(path, BOX)


@pytest.mark.parametrize("wrong", [(1, 2), (np.nan, 0, 0), (0, 0, 0)])
def test_wrong_points_are_told(wrong):
    with pytest.raises(ValueError, match=r"end is .* must be"):
        linear(0, 1, (0, 0, 0), wrong)
    with pytest.raises(ValueError, match="radius is 0, must be > 0 mm"):
        radial(0, 1, (0, 0, 0), 0)
