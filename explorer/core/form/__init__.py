"""What a person typed → values of parameters, or problems that name the field.

Absent, empty and null are three things: a name without an entry is absent, ``name=`` is empty, ``name:=null`` is null.
The values come out in the catalog's order, groups by their index, whatever order they were typed in; so the same input
makes the same bytes from every shell.
    entries ── place (convert, one value) ──► fill in ──► require ──► rules across fields ──► Checked
"""

from explorer.core.form.validation import body_location, find_parameter, is_upload, validate_form
from explorer.core.form.values import Checked, FieldValue, FileRef, NumberToken, Plain, convert, parse_entry, typed_text

__all__ = [
    "Checked",
    "FieldValue",
    "FileRef",
    "NumberToken",
    "Plain",
    "body_location",
    "convert",
    "find_parameter",
    "is_upload",
    "parse_entry",
    "typed_text",
    "validate_form",
]
