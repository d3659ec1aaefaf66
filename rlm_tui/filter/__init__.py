"""The filter language: which nodes of a run a person means."""

from rlm_tui.filter.language import Count, Filter, field_table, parse, parse_counted
from rlm_tui.filter.terms import FilterError, Moment, SlowFilterError

__all__ = ["Count", "Filter", "FilterError", "Moment", "SlowFilterError", "field_table", "parse", "parse_counted"]
