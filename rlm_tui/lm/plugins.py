"""Providers of third parties: an installed package names a maker in the entry point group `rlm_tui.lm`.

    [project.entry-points."rlm_tui.lm"]
    mine = "my_package:make"        # make(model: str) -> LM; used for the model mine/NAME

A package is imported only when a model of its name is made.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rlm_tui.errors import UsageError
from rlm_tui.text import one_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from rlm_tui.lm.base import LM

GROUP = "rlm_tui.lm"


@cache
def _offered() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


def _found() -> dict[str, EntryPoint]:
    return {each.name: each for each in _offered()}


def families() -> list[str]:
    """The providers that installed packages offer; one of a name that is built in cannot be used."""
    return sorted(_found())


def is_plugin(family: str) -> bool:
    """Whether an installed package offers this provider; nothing of it is imported."""
    return family in _found()


def package_of(family: str) -> str:
    """The package that offers a provider."""
    return _package(_found()[family])


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module


def make_plugin(family: str, model: str) -> LM:
    """The client that the package makes; UsageError where it cannot be imported or makes none."""
    point = _found()[family]
    rivals = sorted({_package(each) for each in _offered() if each.name == family})
    if len(rivals) > 1:
        raise UsageError(f"The packages {' and '.join(rivals)} both offer a provider {family}; uninstall one of them.")
    try:
        lm: LM = point.load()(model)
    except (Exception, SystemExit) as error:  # whatever it raises, it is the package that is to be named
        said = one_line(f"{type(error).__name__}: {error}", 120)
        raise UsageError(
            f"The provider {family} of the package {package_of(family)} cannot be used ({said})."
        ) from error
    if not all(hasattr(lm, name) for name in ("name", "complete", "close")):
        raise UsageError(f"The provider {family} of the package {package_of(family)} makes no LM; tell its authors.")
    return lm
