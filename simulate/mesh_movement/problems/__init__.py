"""Problems on which moved meshes are compared with still ones; they need scikit-fem (the extra ``solvers``)."""
