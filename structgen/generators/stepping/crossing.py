"""Whether a strut would run through one that is there."""

from __future__ import annotations

from structgen.compiled import compiled
from structgen.generators.stepping.state import Drawn


@compiled
def runs_through(web: Drawn, b: int, x: float, y: float, z: float, other: int) -> bool:
    """Whether a strut of web ``b`` from x, y, z to the place ``other`` would run through one that ends elsewhere."""
    reach = web.reach[b]
    p, q, s = web.pos[b, other, 0], web.pos[b, other, 1], web.pos[b, other, 2]
    for e in range(web.laid[b]):
        i, j = web.struts[b, e, 0], web.struts[b, e, 1]
        if i == other or j == other:
            continue
        ax, ay, az = web.pos[b, i, 0], web.pos[b, i, 1], web.pos[b, i, 2]
        bx, by, bz = web.pos[b, j, 0], web.pos[b, j, 1], web.pos[b, j, 2]
        # Of most struts their boxes tell that they are far.
        if min(ax, bx) > max(x, p) + reach or max(ax, bx) < min(x, p) - reach:
            continue
        if min(ay, by) > max(y, q) + reach or max(ay, by) < min(y, q) - reach:
            continue
        if min(az, bz) > max(z, s) + reach or max(az, bz) < min(z, s) - reach:
            continue
        if _square_distance(p - x, q - y, s - z, bx - ax, by - ay, bz - az, x - ax, y - ay, z - az) < reach * reach:
            return True
    return False


@compiled
def _square_distance(
    ux: float, uy: float, uz: float, vx: float, vy: float, vz: float, wx: float, wy: float, wz: float
) -> float:
    """Of the segments p + s u and q + t v, with s and t in 0 to 1 and w = p - q: see `geometry.nearest_shares`."""
    a, e, f = ux * ux + uy * uy + uz * uz, vx * vx + vy * vy + vz * vz, vx * wx + vy * wy + vz * wz
    c, b = ux * wx + uy * wy + uz * wz, ux * vx + uy * vy + uz * vz
    denominator = a * e - b * b
    s = 0.0
    if denominator > 1e-12 * max(a * e, 1e-300):
        s = min(max((b * f - c * e) / denominator, 0.0), 1.0)
    t = min(max((b * s + f) / max(e, 1e-300), 0.0), 1.0)
    s = min(max((b * t - c) / max(a, 1e-300), 0.0), 1.0)
    x, y, z = wx + s * ux - t * vx, wy + s * uy - t * vy, wz + s * uz - t * vz
    return x * x + y * y + z * z
