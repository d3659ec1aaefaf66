"""What each pane says, as lines: pure functions of a view and its log, so that live and replay can be compared."""
