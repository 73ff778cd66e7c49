"""The commands that act: they set up, start, steer, measure, import and tidy."""
