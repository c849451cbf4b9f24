"""One beam between two nodes: its energy, forces and stiffness, compiled by numba.

A beam sees its chord e, of length l, and at either end k the triad (d_k, p_k, q_k) that turns with the node; at rest
d_k = e. Its energy is

    (EA / 2L) (l - L + b)^2 + (EI / 2L) (ka |w_1|^2 + 2 kb w_1.w_2 + ka |w_2|^2) + (GJ / 2L) t^2

with w_k the rotation vector that takes d_k to e, hence the angles of the ends against the chord; with the shortening
b = (L / 15) (|w_1|^2 - w_1.w_2 / 2 + |w_2|^2) of a chord whose beam bows (the mean of half the squared slope of a
cubic, which a beam near buckling needs); and with t the twist left when d_1 has been taken to d_2. Euler-Bernoulli:
ka = 4, kb = 2. Timoshenko, with f = 12 EI / (GA_s L^2): ka = (4 + f) / (1 + f), kb = (2 - f) / (1 + f).

So the strains are small and measured in a frame that goes with the chord: co-rotational, after M. A. Crisfield, Comput.
Methods Appl. Mech. Eng. 81 (1990) 131, with the strain of J.-M. Battini and C. Pacoste, ibid. 191 (2002) 1755. As
sections are round, or at least bend alike in all directions, the energy depends on dot products of unit vectors alone,
and its second derivative along rotations is a symmetric tangent.

With c_k = d_k.e, c = d_1.d_2 and g(c) = arccos(c) / sqrt(1 - c^2): w_1.w_2 = g(c_1) g(c_2) (c - c_1 c_2).
"""

from __future__ import annotations

import numpy as np

from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Below this 1 - cos(angle) the functions of an angle are summed as series.
SMALL = 0.2
#: The cosine of the largest angle between an end and its chord; a beam bent so far needs more parts.
MOST_BENT = -0.5


@compiled
def ratio(away: float) -> tuple[float, float, float]:
    """g(c) = arccos(c) / sqrt(1 - c^2) and its first and second derivative, for ``away`` = 1 - c."""
    if away < SMALL:
        # g = sum of 2^k k!^2 / (2k + 1)! away^k.
        value = first = second = 0.0
        term = 1.0
        power0, power1, power2 = 1.0, 0.0, 0.0
        for k in range(20):
            value += term * power0
            first -= k * term * power1
            second += k * (k - 1) * term * power2
            term *= (k + 1) / (2 * k + 3)
            power2 = power1
            power1 = power0
            power0 *= away
        return value, first, second
    c = 1.0 - away
    rest = away * (1.0 + c)
    value = np.arccos(c) / np.sqrt(rest)
    first = (c * value - 1.0) / rest
    return value, first, (value + 3.0 * c * first) / rest


@compiled
def turned(rotation: FloatArray, vector: FloatArray, out: FloatArray) -> None:
    """``out`` = ``rotation`` times ``vector``."""
    for a in range(3):
        out[a] = rotation[a, 0] * vector[0] + rotation[a, 1] * vector[1] + rotation[a, 2] * vector[2]


@compiled
def cross(a: FloatArray, b: FloatArray, scale: float, out: FloatArray) -> None:
    """Add ``scale`` a x b to ``out``."""
    out[0] += scale * (a[1] * b[2] - a[2] * b[1])
    out[1] += scale * (a[2] * b[0] - a[0] * b[2])
    out[2] += scale * (a[0] * b[1] - a[1] * b[0])


@compiled
def dot(a: FloatArray, b: FloatArray) -> float:
    """a . b."""
    product: float = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


@compiled
def pair_curvature(a: FloatArray, b: FloatArray, first: int, second: int, scale: float, out: FloatArray) -> None:
    """Add ``scale`` times the second derivative of a.b, a turning with node ``first``, b with ``second``, to ``out``.

    ``out (9, 9)`` of (chord, spin of node 1, spin of node 2); with ``second`` 0 b does not turn.
    """
    product = dot(a, b)
    for r in range(3):
        for s in range(3):
            own = 0.5 * (a[r] * b[s] + b[r] * a[s])
            mixed = -b[r] * a[s]
            if r == s:
                own -= product
                mixed += product
            out[3 * first + r, 3 * first + s] += scale * own
            if second > 0:
                out[3 * second + r, 3 * second + s] += scale * own
                out[3 * first + r, 3 * second + s] += scale * mixed
                out[3 * second + s, 3 * first + r] += scale * mixed


@compiled
def chord_curvature(
    e: FloatArray, d: FloatArray, c: float, length: float, node: int, scale: float, out: FloatArray
) -> None:
    """Add ``scale`` times the part of the second derivative of e.d in which the chord moves to ``out``."""
    for r in range(3):
        for s in range(3):
            both = (d[r] - c * e[r]) * e[s] + e[r] * (d[s] - c * e[s]) - c * e[r] * e[s]
            if r == s:
                both += c
            out[r, s] -= scale * both / (length * length)
    # Mixed with the spin: (I - e e^T) / length times the matrix of w -> w x d.
    for s in range(3):
        t, u = (s + 1) % 3, (s + 2) % 3
        # The unit vector s crossed with d has -d[u] at t and d[t] at u.
        along = -e[t] * d[u] + e[u] * d[t]
        for r in range(3):
            value = -e[r] * along
            if r == t:
                value -= d[u]
            elif r == u:
                value += d[t]
            out[r, 3 * node + s] += scale * value / length
            out[3 * node + s, r] += scale * value / length


@compiled
def beams(
    pos: FloatArray, rotation: FloatArray, ends: IntArray, triads: FloatArray, rest: FloatArray, stiff: FloatArray,
    order: int, energy: FloatArray, force: FloatArray, tangent: FloatArray,
) -> bool:  # fmt: skip
    """Energy ``(m,)``, its gradient ``force (m, 12)`` and second derivative ``tangent (m, 12, 12)`` of every beam.

    Arguments:
        pos, rotation: ``(n, 3)`` and ``(n, 3, 3)`` of nodes.
        ends: ``(2, m)`` nodes of each beam.
        triads: ``(m, 3, 3)`` rows d, p, q of each beam at rest.
        rest: ``(m,)`` lengths at rest.
        stiff: ``(m, 4)`` EA / L, ka EI / L, kb EI / L, GJ / L.
        order: 0 for energies alone, 1 for forces too, 2 for all.

    The 12 are displacement and spin of the first, then of the second node. False where a beam is bent beyond
    `MOST_BENT` or has no length: energies are then not defined.
    """
    x, e = np.empty(3), np.empty(3)
    one, two = np.empty((3, 3)), np.empty((3, 3))
    # Derivatives by (chord, spin 1, spin 2) of l, c_1, c_2, c, s and k, see below.
    slope = np.empty((6, 9))
    first, second = np.empty(6), np.empty((6, 6))
    gradient, full = np.empty(9), np.empty((9, 9))
    for m in range(ends.shape[1]):
        i, j = ends[0, m], ends[1, m]
        for a in range(3):
            x[a] = pos[j, a] - pos[i, a]
        length = np.sqrt(dot(x, x))
        if not length > 1e-6 * rest[m]:
            return False
        for a in range(3):
            e[a] = x[a] / length
            turned(rotation[i], triads[m, a], one[a])
            turned(rotation[j], triads[m, a], two[a])
        d1, d2 = one[0], two[0]
        # 1 - c from differences: products would lose small angles.
        away1 = away2 = 0.0
        for a in range(3):
            away1 += 0.5 * (e[a] - d1[a]) ** 2
            away2 += 0.5 * (e[a] - d2[a]) ** 2
        c1, c2 = 1.0 - away1, 1.0 - away2
        if c1 < MOST_BENT or c2 < MOST_BENT:
            return False
        g1, g1a, g1b = ratio(away1)
        g2, g2a, g2b = ratio(away2)
        slope[:] = 0.0
        cross(d1, e, 1.0, slope[1, 3:6])
        cross(d2, e, 1.0, slope[2, 6:9])
        k = dot(slope[1, 3:6], slope[2, 6:9])
        square1 = g1 * g1 * dot(slope[1, 3:6], slope[1, 3:6])
        square2 = g2 * g2 * dot(slope[2, 6:9], slope[2, 6:9])
        h = g1 * g2 * k
        bow = rest[m] / 15.0
        stretch = length - rest[m] + bow * (square1 + square2 - 0.5 * h)
        # Twice sine and cosine of the twist, times a factor that drops out.
        sine = 0.5 * (dot(one[2], two[1]) - dot(one[1], two[2]))
        cosine = 0.5 * (dot(one[1], two[1]) + dot(one[2], two[2]))
        twist = np.arctan2(sine, cosine)
        axial, same, other, torsion = stiff[m, 0], stiff[m, 1], stiff[m, 2], stiff[m, 3]
        energy[m] = (
            0.5 * axial * stretch * stretch + 0.5 * same * (square1 + square2) + other * h + 0.5 * torsion * twist**2
        )
        if order == 0:
            continue
        normal = axial * stretch
        # Coefficients of |w|^2 and of w_1.w_2 in the energy, with the bow's share.
        alpha, gamma = 0.5 * same + normal * bow, other - 0.5 * normal * bow
        h1, h2, h3 = g1a * g2 * k - g1 * g2 * c2, g1 * g2a * k - g1 * g2 * c1, g1 * g2
        whole = sine * sine + cosine * cosine
        first[0] = normal
        first[1] = -2.0 * alpha * g1 + gamma * h1
        first[2] = -2.0 * alpha * g2 + gamma * h2
        first[3] = gamma * h3
        first[4] = torsion * twist * cosine / whole
        first[5] = -torsion * twist * sine / whole
        for a in range(3):
            slope[0, a] = e[a]
            slope[1, a] = (d1[a] - c1 * e[a]) / length
            slope[2, a] = (d2[a] - c2 * e[a]) / length
        cross(d1, d2, 1.0, slope[3, 3:6])
        cross(one[2], two[1], 0.5, slope[4, 3:6])
        cross(one[1], two[2], -0.5, slope[4, 3:6])
        cross(one[1], two[1], 0.5, slope[5, 3:6])
        cross(one[2], two[2], 0.5, slope[5, 3:6])
        for row in range(3, 6):
            for a in range(3):
                slope[row, 6 + a] = -slope[row, 3 + a]
        for a in range(9):
            gradient[a] = 0.0
            for row in range(6):
                gradient[a] += first[row] * slope[row, a]
        for a in range(3):
            force[m, a] = -gradient[a]
            force[m, 3 + a] = gradient[3 + a]
            force[m, 6 + a] = gradient[a]
            force[m, 9 + a] = gradient[6 + a]
        if order == 1:
            continue
        second[:] = 0.0
        second[0, 0] = axial
        longer1, longer2, longer3 = bow * (-2.0 * g1 - 0.5 * h1), bow * (-2.0 * g2 - 0.5 * h2), -0.5 * bow * h3
        second[0, 1], second[0, 2], second[0, 3] = axial * longer1, axial * longer2, axial * longer3
        second[1, 1] = -2.0 * alpha * g1a + gamma * (g1b * g2 * k - 2.0 * g1a * g2 * c2) + axial * longer1 * longer1
        second[2, 2] = -2.0 * alpha * g2a + gamma * (g1 * g2b * k - 2.0 * g1 * g2a * c1) + axial * longer2 * longer2
        second[1, 2] = gamma * (g1a * g2a * k - g1a * g2 * c1 - g1 * g2a * c2 - g1 * g2) + axial * longer1 * longer2
        second[1, 3] = gamma * g1a * g2 + axial * longer1 * longer3
        second[2, 3] = gamma * g1 * g2a + axial * longer2 * longer3
        second[3, 3] = axial * longer3 * longer3
        by_sine, by_cosine = cosine / whole, -sine / whole
        curl = 2.0 * sine * cosine / (whole * whole)
        second[4, 4] = torsion * (by_sine * by_sine - twist * curl)
        second[5, 5] = torsion * (by_cosine * by_cosine + twist * curl)
        second[4, 5] = torsion * (by_sine * by_cosine + twist * (sine * sine - cosine * cosine) / (whole * whole))
        for row in range(6):
            for column in range(row):
                second[row, column] = second[column, row]
        full[:] = 0.0
        for row in range(6):
            for column in range(6):
                value = second[row, column]
                if value != 0.0:
                    for a in range(9):
                        left = value * slope[row, a]
                        if left != 0.0:
                            for b in range(9):
                                full[a, b] += left * slope[column, b]
        for a in range(3):
            for b in range(3):
                full[a, b] -= normal * e[a] * e[b] / length
            full[a, a] += normal / length
        chord_curvature(e, d1, c1, length, 1, first[1], full)
        chord_curvature(e, d2, c2, length, 2, first[2], full)
        pair_curvature(d1, e, 1, 0, first[1], full)
        pair_curvature(d2, e, 2, 0, first[2], full)
        pair_curvature(d1, d2, 1, 2, first[3], full)
        pair_curvature(one[2], two[1], 1, 2, 0.5 * first[4], full)
        pair_curvature(one[1], two[2], 1, 2, -0.5 * first[4], full)
        pair_curvature(one[1], two[1], 1, 2, 0.5 * first[5], full)
        pair_curvature(one[2], two[2], 1, 2, 0.5 * first[5], full)
        for a in range(3):
            for b in range(3):
                tangent[m, a, b] = tangent[m, 6 + a, 6 + b] = full[a, b]
                tangent[m, a, 6 + b] = tangent[m, 6 + a, b] = -full[a, b]
                tangent[m, a, 3 + b] = tangent[m, 3 + b, a] = -full[a, 3 + b]
                tangent[m, a, 9 + b] = tangent[m, 9 + b, a] = -full[a, 6 + b]
                tangent[m, 6 + a, 3 + b] = tangent[m, 3 + b, 6 + a] = full[a, 3 + b]
                tangent[m, 6 + a, 9 + b] = tangent[m, 9 + b, 6 + a] = full[a, 6 + b]
                tangent[m, 3 + a, 3 + b] = full[3 + a, 3 + b]
                tangent[m, 9 + a, 9 + b] = full[6 + a, 6 + b]
                tangent[m, 3 + a, 9 + b] = tangent[m, 9 + b, 3 + a] = full[3 + a, 6 + b]
    return True


@compiled
def end_loads(
    pos: FloatArray, rotation: FloatArray, ends: IntArray, triads: FloatArray, rest: FloatArray, stiff: FloatArray,
    loads: FloatArray,
) -> None:  # fmt: skip
    """``loads (m, 4)``: normal force (tension > 0), bending moment at both ends, torque of every beam."""
    x, e = np.empty(3), np.empty(3)
    one, two = np.empty((3, 3)), np.empty((3, 3))
    w1, w2 = np.empty(3), np.empty(3)
    for m in range(ends.shape[1]):
        i, j = ends[0, m], ends[1, m]
        for a in range(3):
            x[a] = pos[j, a] - pos[i, a]
        length = np.sqrt(dot(x, x))
        away1 = away2 = 0.0
        for a in range(3):
            e[a] = x[a] / length
            turned(rotation[i], triads[m, a], one[a])
            turned(rotation[j], triads[m, a], two[a])
            away1 += 0.5 * (e[a] - one[0, a]) ** 2
            away2 += 0.5 * (e[a] - two[0, a]) ** 2
        w1[:] = 0.0
        w2[:] = 0.0
        cross(one[0], e, ratio(away1)[0], w1)
        cross(two[0], e, ratio(away2)[0], w2)
        bowed = rest[m] / 15.0 * (dot(w1, w1) + dot(w2, w2) - 0.5 * dot(w1, w2))
        sine = 0.5 * (dot(one[2], two[1]) - dot(one[1], two[2]))
        cosine = 0.5 * (dot(one[1], two[1]) + dot(one[2], two[2]))
        same, other = stiff[m, 1], stiff[m, 2]
        moment1 = moment2 = 0.0
        for a in range(3):
            moment1 += (same * w1[a] + other * w2[a]) ** 2
            moment2 += (same * w2[a] + other * w1[a]) ** 2
        loads[m, 0] = stiff[m, 0] * (length - rest[m] + bowed)
        loads[m, 1] = np.sqrt(moment1)
        loads[m, 2] = np.sqrt(moment2)
        loads[m, 3] = stiff[m, 3] * np.arctan2(sine, cosine)


@compiled
def turn(rotation: FloatArray, spin: FloatArray, out: FloatArray) -> None:
    """``out (n, 3, 3)`` = exp(``spin``) ``rotation``: every node turned on by its spin, radians (Rodrigues)."""
    matrix = np.empty((3, 3))
    for n in range(len(spin)):
        a, b, c = spin[n, 0], spin[n, 1], spin[n, 2]
        square = a * a + b * b + c * c
        angle = np.sqrt(square)
        if angle < 1e-4:
            first, second = 1.0 - square / 6.0, 0.5 - square / 24.0
        else:
            first, second = np.sin(angle) / angle, (1.0 - np.cos(angle)) / square
        matrix[0, 0], matrix[0, 1], matrix[0, 2] = second * (a * a - square), second * a * b, second * a * c
        matrix[1, 0], matrix[1, 1], matrix[1, 2] = second * a * b, second * (b * b - square), second * b * c
        matrix[2, 0], matrix[2, 1], matrix[2, 2] = second * a * c, second * b * c, second * (c * c - square)
        matrix[0, 1] -= first * c
        matrix[0, 2] += first * b
        matrix[1, 0] += first * c
        matrix[1, 2] -= first * a
        matrix[2, 0] -= first * b
        matrix[2, 1] += first * a
        for r in range(3):
            for s in range(3):
                value = rotation[n, r, s]
                for t in range(3):
                    value += matrix[r, t] * rotation[n, t, s]
                out[n, r, s] = value
