"""An event-sourced runner for autonomous experiments.

One installed name: the four layers lie below it, `events` < `projections` < `engine` < `workflows`. In the
repository they stand at the top, and the links beside this file lead to them.
"""
