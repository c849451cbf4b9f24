"""simulate: virtual tests of webs and movement of meshes (to come; see the README)."""
