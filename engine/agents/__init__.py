"""Agents: coding-agent programs behind one port, what they are told, and what their output means.

Knows no decisions and no events' order.
"""
