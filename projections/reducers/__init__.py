"""Reducers: what each event does to the state of a run, or to one of its iterations. Pure."""
