"""Paging styles: one class per style."""
