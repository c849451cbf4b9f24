"""One module a file format, each with ``parts``, ``read`` and ``write``; used through `structgen.io`.

``parts(path)``: the files that make up ``path``. ``read(path)``: the web and its metadata text, `ValueError` for what
is wrong. ``write(web, names, note)``: write to the given names, one for each part.
"""

#: Largest array unpacked, bytes: a small archive may unpack to anything.
MAX_ARRAY_BYTES = 2**30
