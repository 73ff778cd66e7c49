// Made of report/chart_form.py by `python -m autoresearch.workflows.reference --write`.

export const FORM = {"shown": ["discard", "keep", "retracted"], "ofAll": 0.9, "room": 0.06, "ticks": 5, "radius": 3.5, "radiusKept": 5.0};
