"""Why a call was refused: ``refusals`` holds the checks."""
