"""WebGraph: the one structure that every part of structgen passes around."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from structgen.force_density import equilibrium, numbers

if TYPE_CHECKING:
    import networkx as nx
    from pyvista import PolyData
    from torch_geometric.data import Data

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Largest coordinate in mm (one kilometre): beyond it the float32 of STL no longer resolves a strut.
MAX_COORDINATE = 1.0e6
#: Radius in mm given to edges whose source names none.
DEFAULT_RADIUS = 0.4
#: Silk type of an edge by its code in `WebGraph.kind`.
KINDS: Mapping[int, str] = {
    0: "unspecified",
    1: "frame",
    2: "radial",
    3: "spiral",
    4: "sheet",
    5: "tangle",
    6: "gumfoot",
    7: "anchor",
    8: "bridge",
}
MAX_KIND = 255


@dataclass(frozen=True, eq=False)
class WebGraph:
    """A web of straight struts.

    Arguments:
        pos: ``(n, 3)`` node positions in mm, finite, at most 1e6 in magnitude, n >= 2.
        edge_index: ``(2, m)`` node numbers; each undirected edge once with i < j; m >= 1.
        radius: ``(m,)`` strut radii in mm, > 0. A scalar, or nothing (0.4 mm), holds for all edges.
        kind: ``(m,)`` silk types, see `KINDS`; 0 is unspecified.

    The arrays are copied and made read-only. Raises `ValueError` naming the first offending row.
    """

    pos: FloatArray
    edge_index: IntArray
    radius: FloatArray = field(default_factory=lambda: np.asarray(DEFAULT_RADIUS))
    kind: IntArray = field(default_factory=lambda: np.asarray(0))

    def __post_init__(self) -> None:
        pos = _positions(self.pos)
        edges = _as_array(self.edge_index, "edge_index", np.int64)
        if edges.ndim != 2 or edges.shape[0] != 2:
            raise ValueError(f"edge_index has shape {edges.shape}, expected (2, m)")
        m = edges.shape[1]
        radius = _per_edge(self.radius, "radius", np.float64, m)
        kind = _per_edge(self.kind, "kind", np.int64, m)
        _check_edges(edges.T, len(pos))
        _check_struts(radius, kind)
        for name, array in (("pos", pos), ("edge_index", edges), ("radius", radius), ("kind", kind)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    # -- construction --------------------------------------------------------------------------

    @classmethod
    def from_edges(
        cls,
        pos: npt.ArrayLike,
        edges: npt.ArrayLike,
        radius: npt.ArrayLike = DEFAULT_RADIUS,
        kind: npt.ArrayLike = 0,
    ) -> WebGraph:
        """A web from an ``(m, 2)`` edge list in any direction; repeats of an edge are dropped.

        Of repeated edges the first row's radius and kind are kept, and the order of first rows.
        """
        nodes = _positions(pos)
        pairs = _as_array(edges, "edges", np.int64)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(f"edges has shape {pairs.shape}, expected (m, 2)")
        m = len(pairs)
        radii, kinds = _per_edge(radius, "radius", np.float64, m), _per_edge(kind, "kind", np.int64, m)
        # Checked before repeats are dropped, so that an error names the row that was given.
        _check_ends(pairs, len(nodes), "edges")
        _check_struts(radii, kinds)
        ordered = np.sort(pairs, axis=1)
        _, first = np.unique(ordered, axis=0, return_index=True)
        keep = np.sort(first)
        return cls(nodes, ordered[keep].T, radii[keep], kinds[keep])

    @classmethod
    def from_networkx(cls, graph: nx.Graph) -> WebGraph:
        """A web from a networkx graph with node attribute ``pos`` or ``x, y`` and, if there, ``z`` (mm).

        Edge attributes ``radius`` and ``kind`` are read where present. Nodes are numbered in the graph's order, edges
        by their attribute ``id`` where all have a number there. Raises `ValueError` naming a node without a position.
        """
        index = {node: i for i, node in enumerate(graph.nodes)}
        pos = np.empty((len(index), 3))
        for node, i in index.items():
            attributes = graph.nodes[node]
            try:
                planar = {"z": 0.0} | attributes
                place = planar["pos"] if "pos" in planar else [planar[c] for c in "xyz"]
                pos[i] = np.asarray(place, float).reshape(3)
            except (KeyError, TypeError, ValueError):
                raise ValueError(f"node {node!r} has no numeric position 'pos' or 'x', 'y', 'z'") from None
        links = list(graph.edges(data=True))
        with contextlib.suppress(KeyError, TypeError, ValueError):
            links.sort(key=lambda link: int(link[2]["id"]))
        rows = [(index[u], index[v], d.get("radius", DEFAULT_RADIUS), d.get("kind", 0)) for u, v, d in links]
        if not rows:
            raise ValueError("graph has no edges; a web needs at least one")
        start, end, radius, kind = (np.array(column) for column in zip(*rows, strict=True))
        return cls.from_edges(pos, np.column_stack([start, end]), radius, kind)

    @classmethod
    def from_pyg(cls, data: Data) -> WebGraph:
        """A web from torch-geometric ``Data`` with ``pos``, ``edge_index`` and, if given, ``radius``, ``kind``.

        ``edge_index`` may list both directions, as torch-geometric has it.
        """
        for name in ("pos", "edge_index"):
            if data.get(name) is None:
                raise ValueError(f"data has no {name}")
        edge_index = data.edge_index.cpu().numpy()
        options = {name: data[name].cpu().numpy() for name in ("radius", "kind") if name in data}
        return cls.from_edges(data.pos.cpu().double().numpy(), edge_index.T, **options)

    def to_networkx(self) -> nx.Graph:
        """A networkx graph with node attribute ``pos`` and edge attributes ``id, length, radius, kind``."""
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from((i, {"pos": tuple(p)}) for i, p in enumerate(self.pos.tolist()))
        columns = {"length": self.lengths, "radius": self.radius, "kind": self.kind}
        rows = zip(*self.edge_index.tolist(), range(self.m), *(c.tolist() for c in columns.values()), strict=True)
        graph.add_edges_from((i, j, dict(zip(("id", *columns), row, strict=True))) for i, j, *row in rows)
        return graph

    def to_pyg(self) -> Data:
        """A torch-geometric ``Data`` with both directions of each edge: the m edges, then their reverses."""
        import torch
        from torch_geometric.data import Data

        edge_index = np.concatenate([self.edge_index, self.edge_index[::-1]], axis=1)
        return Data(
            pos=torch.tensor(self.pos),
            edge_index=torch.tensor(edge_index),
            radius=torch.tensor(np.tile(self.radius, 2)),
            kind=torch.tensor(np.tile(self.kind, 2)),
            num_nodes=self.n,
        )

    @classmethod
    def from_pyvista(cls, mesh: PolyData) -> WebGraph:
        """A web from the line cells of a pyvista ``PolyData``, with cell data ``radius`` and ``kind`` where there.

        A poly-line of k points makes k - 1 edges. Raises `ValueError` for a mesh without lines.
        """
        import pyvista as pv

        from structgen.formats.polylines import web_of

        lines = mesh.GetLines()
        connectivity, offsets = (
            pv.convert_array(array()) for array in (lines.GetConnectivityArray, lines.GetOffsetsArray)
        )
        cell_data = {name: np.asarray(mesh.cell_data[name]) for name in ("radius", "kind") if name in mesh.cell_data}
        # In poly-data the cells of vertices come first.
        return web_of(np.asarray(mesh.points, float), connectivity, offsets, cell_data, mesh.n_verts, mesh.n_cells)

    def to_pyvista(self) -> PolyData:
        """A pyvista ``PolyData`` with a line cell for each edge and cell data ``radius`` and ``kind``."""
        import pyvista as pv

        mesh = pv.PolyData(np.array(self.pos), lines=np.column_stack([np.full(self.m, 2), self.edge_index.T]).ravel())
        mesh.cell_data["radius"], mesh.cell_data["kind"] = np.array(self.radius), np.array(self.kind)
        return mesh

    # -- measures ------------------------------------------------------------------------------

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.pos)

    @property
    def m(self) -> int:
        """Number of undirected edges."""
        return int(self.edge_index.shape[1])

    @property
    def lengths(self) -> FloatArray:
        """``(m,)`` edge lengths in mm."""
        i, j = self.edge_index
        lengths: FloatArray = np.linalg.norm(self.pos[i] - self.pos[j], axis=1)
        return lengths

    @property
    def degree(self) -> IntArray:
        """``(n,)`` number of edges at each node."""
        return np.bincount(self.edge_index.ravel(), minlength=self.n)

    @property
    def extents(self) -> FloatArray:
        """``(3,)`` sides of the bounding box of the nodes in mm."""
        sides: FloatArray = np.ptp(self.pos, axis=0)
        return sides

    def components(self) -> IntArray:
        """``(n,)`` number of the connected component of each node, counted from 0."""
        i, j = self.edge_index
        adjacency = coo_array((np.ones(self.m), (i, j)), shape=(self.n, self.n))
        label: IntArray = connected_components(adjacency, directed=False)[1].astype(np.int64)
        return label

    @property
    def is_connected(self) -> bool:
        """Whether a path of edges joins every two nodes."""
        return bool(self.components().max() == 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WebGraph):
            return NotImplemented
        names = ("pos", "edge_index", "radius", "kind")
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        box = " x ".join(f"{side:.3g}" for side in self.extents)
        return f"WebGraph(n={self.n}, m={self.m}, extents={box} mm)"

    # -- new webs from this one ------------------------------------------------------------------

    def translated(self, offset: npt.ArrayLike) -> WebGraph:
        """The web moved by ``offset`` (3,) mm."""
        return replace(self, pos=self.pos + _vector(offset, "offset"))

    def scaled(self, factor: npt.ArrayLike) -> WebGraph:
        """The web with positions times ``factor``, one number or one an axis; radii stay as they are."""
        return replace(self, pos=self.pos * _vector(factor, "factor"))

    def rotated(self, rotation: npt.ArrayLike) -> WebGraph:
        """The web turned about the origin by ``rotation``, an orthogonal ``(3, 3)`` matrix."""
        matrix = _as_array(rotation, "rotation", np.float64)
        if matrix.shape != (3, 3) or not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6):
            raise ValueError("rotation must be an orthogonal (3, 3) matrix")
        return replace(self, pos=self.pos @ matrix.T)

    def with_radius(self, radius: npt.ArrayLike) -> WebGraph:
        """The web with strut radii ``radius`` (one number, or one an edge) in mm."""
        return replace(self, radius=np.asarray(radius))

    def subweb(self, nodes: npt.ArrayLike) -> WebGraph:
        """The web induced by ``nodes``, a list of different node numbers or an ``(n,)`` mask, in that order."""
        chosen = numbers(nodes, self.n, "nodes")
        if len(np.unique(chosen)) < len(chosen):
            raise ValueError("nodes names a node twice")
        number = np.full(self.n, -1)
        number[chosen] = np.arange(len(chosen))
        edges = number[self.edge_index]
        keep = (edges >= 0).all(axis=0)
        return WebGraph(self.pos[chosen], np.sort(edges[:, keep], axis=0), self.radius[keep], self.kind[keep])

    def largest_component(self) -> WebGraph:
        """The connected component with the most nodes (of equals, the one with the lowest node number)."""
        label = self.components()
        return self.subweb(label == np.bincount(label).argmax())

    def welded(self, tolerance: float) -> WebGraph:
        """The web with nodes no further apart than ``tolerance`` mm, chains of them too, made one at their mean.

        Edges that shrink to a point go; of edges that fall together the thickest stays.
        """
        if not (np.isfinite(tolerance) and tolerance >= 0):
            raise ValueError(f"tolerance is {tolerance}, must be a finite number >= 0")
        pairs = cKDTree(self.pos).query_pairs(tolerance, output_type="ndarray")
        adjacency = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(self.n, self.n))
        count, label = connected_components(adjacency, directed=False)
        if count == self.n:
            return self
        pos = np.zeros((count, 3))
        np.add.at(pos, label, self.pos)
        pos /= np.bincount(label, minlength=count)[:, None]
        edges = label[self.edge_index].T
        thick_first = np.argsort(-self.radius, kind="stable")
        kept = thick_first[edges[thick_first, 0] != edges[thick_first, 1]]
        return WebGraph.from_edges(pos, edges[kept], self.radius[kept], self.kind[kept])

    def relaxed(self, fixed: npt.ArrayLike, force_density: npt.ArrayLike = 1.0) -> WebGraph:
        """The web in equilibrium under tension with the nodes ``fixed`` (numbers or mask) held.

        ``force_density``: tension over length of each edge, one number or ``(m,)``, > 0; only ratios
        matter. Linear force density method (Schek 1974).
        """
        return replace(self, pos=equilibrium(self.pos, self.edge_index, force_density, fixed))


def _as_array(value: Any, name: str, dtype: type) -> npt.NDArray[Any]:
    """A private copy of ``value``; integers must be whole."""
    try:
        array = np.array(value)
    except ValueError:
        raise ValueError(f"{name} is not an array: its rows differ in length") from None
    if array.dtype.kind not in "iufb":
        raise ValueError(f"{name} is not an array of numbers")
    if dtype is np.int64 and array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.round(array)) & (np.abs(array) < 2**53)
        _refuse(~whole, name, array, "must be a whole number")
    return array.astype(dtype)


def _positions(value: Any) -> FloatArray:
    pos = _as_array(value, "pos", np.float64)
    if pos.ndim != 2 or pos.shape[1] != 3:
        raise ValueError(f"pos has shape {pos.shape}, expected (n, 3)")
    if len(pos) < 2:
        raise ValueError(f"web has {len(pos)} node(s); at least 2 are needed")
    _refuse(~np.isfinite(pos), "pos", pos, "coordinates must be finite")
    _refuse(np.abs(pos) > MAX_COORDINATE, "pos", pos, f"coordinates must lie within +-{MAX_COORDINATE:g} mm")
    return pos


def _per_edge(value: Any, name: str, dtype: type, m: int) -> npt.NDArray[Any]:
    array = _as_array(value, name, dtype)
    if array.ndim == 0:
        return np.full(m, array, dtype=dtype)
    if array.shape != (m,):
        raise ValueError(f"{name} has shape {array.shape}, expected ({m},), one an edge")
    return array


def _vector(value: Any, name: str) -> FloatArray:
    array = _as_array(value, name, np.float64)
    if array.shape not in ((), (3,)) or not np.isfinite(array).all():
        raise ValueError(f"{name} is {array.tolist()}, must be one finite number or three")
    return np.broadcast_to(array, 3)


def _refuse(bad: npt.NDArray[np.bool_], name: str, array: npt.NDArray[Any], rule: str) -> None:
    """Raise for the first row where ``bad`` holds."""
    if bad.any():
        row = int(np.flatnonzero(bad.reshape(len(array), -1).any(axis=1))[0]) if array.ndim else 0
        raise ValueError(f"{name} row {row} is {np.atleast_1d(array)[row]}: {rule}")


def _check_struts(radius: FloatArray, kind: IntArray) -> None:
    bad = ~np.isfinite(radius) | (radius <= 0) | (radius > MAX_COORDINATE)
    _refuse(bad, "radius", radius, f"must be > 0 and at most {MAX_COORDINATE:g} mm")
    _refuse((kind < 0) | (kind > MAX_KIND), "kind", kind, f"must lie in 0..{MAX_KIND}")


def _check_ends(rows: IntArray, n: int, name: str) -> None:
    if len(rows) < 1:
        raise ValueError("web has no edges; at least 1 is needed")
    _refuse((rows < 0) | (rows >= n), name, rows, f"node numbers must lie in 0..{n - 1}")
    _refuse(rows[:, 0] == rows[:, 1], name, rows, "an edge must join two different nodes")


def _check_edges(rows: IntArray, n: int) -> None:
    _check_ends(rows, n, "edge_index")
    _refuse(rows[:, 0] > rows[:, 1], "edge_index", rows, "an edge is stored with i < j")
    code = rows[:, 0] * n + rows[:, 1]
    order = np.argsort(code, kind="stable")
    repeated = np.zeros(len(code), bool)
    repeated[order[1:]] = code[order[1:]] == code[order[:-1]]
    _refuse(repeated, "edge_index", rows, "the edge is already listed")
