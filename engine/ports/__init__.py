"""Ports: what the engine needs of the world, as Protocols, and the values that cross these borders.

Each port has a real player, a fake for tests, and one contract test that both pass. Knows no player.
"""
