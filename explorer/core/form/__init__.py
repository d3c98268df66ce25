"""Turn form entries into parameter values, or into problems that name the field.

Absent, empty and null differ: a name without an entry is absent, ``name=`` is empty, ``name:=null`` is null. Values are
in catalog order, groups by index, whatever the order of entry, so the same input produces the same bytes everywhere.

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
