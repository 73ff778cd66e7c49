"""A run's report: its object (workflows/api/report.py) as a document, and that as text, Markdown, HTML.

page.py says what stands in it, document.py what it is made of; each as_*.py writes every kind of block. What
is cited is the number of an event, which each form makes a link of. Knows nothing of histories and processes.
"""
