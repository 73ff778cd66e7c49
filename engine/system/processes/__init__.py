"""Processes: started, outlived, listed, signalled and ended."""
