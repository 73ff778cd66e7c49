"""One check of the audit a module: each looks at one kind of thing that a history names."""
