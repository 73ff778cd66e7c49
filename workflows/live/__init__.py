"""Live views: a run followed, watched and stepped through in a terminal. Reads only."""
