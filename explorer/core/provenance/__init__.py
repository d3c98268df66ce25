"""Where every byte of a request is from: its parts in the order of the wire, each with one origin.

request ── trace ──► method · base path · path · values · query · headers · body fields
                     joined, they are the request again, byte for byte
"""

from explorer.core.provenance.parts import PART_ORIGINS, PartOrigin, PartPlace, RequestPart, join_parts

__all__ = ["PART_ORIGINS", "PartOrigin", "PartPlace", "RequestPart", "join_parts"]
