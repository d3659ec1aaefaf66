"""Sessions: the one door by which every front end sees and steers a run, live or recorded."""
