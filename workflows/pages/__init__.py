"""Pages: states, events and audits as text for people. Pure."""
