"""One parse of each style sheet for every app of a test process, and one match of its rules for each kind of node.

Textual parses 180 style sheets for each app, and matches a thousand rules against each node that is mounted. Both
depend only on the sheets, their variables and where the node is, so that apps share the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from textual.css.model import CombinatorType
from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from textual.css.model import RuleSet
    from textual.css.styles import RulesMap
    from textual.dom import DOMNode

    _Key = tuple[Any, ...]

_PARSED: dict[tuple[frozenset[tuple[str, str]], _Key], list[RuleSet]] = {}
_MATCHES: dict[tuple[int, ...], _Matches] = {}
_apply = Stylesheet.apply


class _SharedCache:
    """The cache of a style sheet, under its variables: the rules hold the colors that those had when it was parsed."""

    def __init__(self, stylesheet: Stylesheet) -> None:
        self._stylesheet = stylesheet
        self._variables = frozenset(stylesheet._variables.items())

    def __getitem__(self, key: _Key) -> list[RuleSet]:
        return _PARSED[self._variables, key]

    def __setitem__(self, key: _Key, rules: list[RuleSet]) -> None:
        _PARSED[self._variables, key] = rules

    def clear(self) -> None:
        """Look at the variables again: textual calls this when they change."""
        self._variables = frozenset(self._stylesheet._variables.items())


class _Shared:
    """The attribute of each style sheet."""

    def __get__(self, stylesheet: Stylesheet, owner: type[Stylesheet]) -> _SharedCache:
        cache = stylesheet.__dict__.get("_shared_cache")
        if cache is None:
            cache = stylesheet.__dict__["_shared_cache"] = _SharedCache(stylesheet)
        return cache

    def __set__(self, stylesheet: Stylesheet, own: object) -> None:
        """Leave out the cache that the style sheet makes for itself."""


class _Candidates(NamedTuple):
    """What decides which of the rules that name a node apply to it."""

    pseudo_classes: tuple[str, ...]
    deep: bool
    """Whether a rule asks for what the node is in."""
    flags: dict[str, bool]
    """The attributes that textual sets on the node for these rules."""


class _Matches:
    """What the rules of equal style sheets come to, for each kind of node."""

    def __init__(self) -> None:
        self.candidates: dict[frozenset[str], _Candidates] = {}
        self.rules: dict[_Key, RulesMap | None] = {}

    @staticmethod
    def of(stylesheet: Stylesheet) -> _Matches:
        """Return the matches of all style sheets with the same rules in the same order."""
        rules = stylesheet.rules
        known = stylesheet.__dict__.get("_shared_matches")
        if known is None or known[0] is not rules:
            matches = _MATCHES.setdefault(tuple(map(id, rules)), _Matches())  # parsed rules are kept, so ids are theirs
            known = stylesheet.__dict__["_shared_matches"] = (rules, matches)
        return known[1]

    def candidates_of(self, stylesheet: Stylesheet, names: frozenset[str]) -> _Candidates:
        """Return what the rules of these selectors look at."""
        candidates = self.candidates.get(names)
        if candidates is None:
            rules = [rule for selector in names for rule in stylesheet.rules_map[selector]]
            asked = {name for rule in rules for name in rule.pseudo_classes}
            candidates = self.candidates[names] = _Candidates(
                tuple(sorted(asked)),
                any(
                    selector.combinator is not CombinatorType.SAME
                    for rule in rules
                    for selector_set in rule.selector_set
                    for selector in selector_set.selectors[1:]
                ),
                {
                    "_has_hover_style": "hover" in asked,
                    "_has_focus_within": "focus-within" in asked,
                    "_has_order_style": not asked.isdisjoint(
                        {"first-of-type", "last-of-type", "first-child", "last-child", "empty"}
                    ),
                    "_has_odd_or_even": not asked.isdisjoint({"odd", "even"}),
                },
            )
        return candidates


def _shared_apply(
    self: Stylesheet, node: DOMNode, *, animate: bool = False, cache: dict[_Key, RulesMap] | None = None
) -> None:
    """Apply the rules to *node* as textual does, with the match of an equal node where there was one."""
    matches = _Matches.of(self)
    names = frozenset(self.rules_map.keys() & node._selector_names)
    candidates = matches.candidates_of(self, names)
    path = node.css_path_nodes if candidates.deep else (node,)
    key = (names, *(_kind(step, candidates.pseudo_classes) for step in path))
    if key not in matches.rules:
        result: dict[_Key, RulesMap] = {}
        _apply(self, node, animate=animate, cache=result)
        matches.rules[key] = next(iter(result.values()), None)
        return
    node.__dict__.update(candidates.flags)
    rules = matches.rules[key]
    if rules is not None:
        self.replace_rules(node, rules, animate=animate)
    self._process_component_classes(node)


def _kind(node: DOMNode, pseudo_classes: tuple[str, ...]) -> _Key:
    """Return all that a selector can ask of *node*."""
    checks = node._PSEUDO_CLASSES
    state = tuple(name in checks and checks[name](node) for name in pseudo_classes)  # type: ignore[arg-type]
    return node._css_type_names, node._id, frozenset(node._classes), state


def share_parsed_styles() -> None:
    """Share what is parsed and matched between all style sheets of this process."""
    Stylesheet._parse_cache = _Shared()  # type: ignore[assignment]
    Stylesheet._EXCLUDE_PSEUDO_CLASSES_FROM_CACHE = set()  # type: ignore[misc]  # _kind has each of them
    Stylesheet.apply = _shared_apply  # type: ignore[method-assign]
