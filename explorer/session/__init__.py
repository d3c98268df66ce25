"""Use cases: everything that a person can do, once, for both shells.

Each module holds functions of ``context.SessionContext``. This package imports none of them: take a name from the
module that defines it.
"""
