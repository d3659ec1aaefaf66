"""`--plain`: a session as lines, for screen readers, dumb terminals, logs and slow links; the same commands, typed."""
