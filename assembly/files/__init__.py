"""Writers of solids and webs: STL, 3MF, PLY, OBJ, GLB, VTU; the same bytes for the same part."""
