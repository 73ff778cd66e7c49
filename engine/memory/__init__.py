"""What an agent is told of the run: a projection of its history, within a stated size.

Pure, and byte for byte the same for the same history. Knows nothing of git, jobs or programs; the code that
it shows is handed in.
"""
