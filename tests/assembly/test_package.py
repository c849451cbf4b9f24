import subprocess
import sys

import pytest

import assembly


def test_every_public_name_is_there():
    for name in assembly.__all__:
        assert callable(getattr(assembly, name)), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'assembly' has no attribute 'weave'"):
        assembly.weave  # noqa: B018


def test_functions_win_over_modules_of_their_name():
    import assembly.export
    import assembly.join

    assert assembly.export.__name__ == "export" and assembly.join.__name__ == "join"


def test_import_is_light():
    heavy = "pyvista", "vtkmodules", "matplotlib", "manifold3d", "torch", "trimesh"
    code = f"import sys, assembly; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
