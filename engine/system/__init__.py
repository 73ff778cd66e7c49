"""The operating system: processes, locks, disks, devices, other programs' files. Knows nothing of runs."""
