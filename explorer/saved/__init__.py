"""The folder of saved requests: read, watched, and written so that comments stay and nothing is half written.

<folder>/orders/10-create.toml      a request
<folder>/orders/_folder.toml        how the folder is run
<folder>/environments/sandbox.toml  variables
<folder>/orders/10-create.mine.toml one's own side, where a file was changed by two
"""

from explorer.saved.library import Library, SavedFile, SavedSet, Stamp, load, stamps
from explorer.saved.storing import FileChanged, delete, move, path_of, save, side_name

__all__ = [
    "FileChanged",
    "Library",
    "SavedFile",
    "SavedSet",
    "Stamp",
    "delete",
    "load",
    "move",
    "path_of",
    "save",
    "side_name",
    "stamps",
]
