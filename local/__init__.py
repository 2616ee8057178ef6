"""AWS on this machine: one process, loopback only, no docker. See local/emulator.py for what it is made of."""
