"""The folder of saved requests: read, watched, and written atomically with comments kept.

<folder>/orders/10-create.toml       a request
<folder>/orders/_folder.toml         run options of the folder
<folder>/environments/sandbox.toml   variables
<folder>/orders/10-create.mine.toml  the user's side of a conflict
"""

from explorer.store.saved_files.library import SavedFile, SavedLibrary, SavedSet, Stamp, load_library, stamps
from explorer.store.saved_files.writing import FileChanged, conflict_name, delete, move, path_of, save

__all__ = [
    "FileChanged",
    "SavedFile",
    "SavedLibrary",
    "SavedSet",
    "Stamp",
    "conflict_name",
    "delete",
    "load_library",
    "move",
    "path_of",
    "save",
    "stamps",
]
