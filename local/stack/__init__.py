"""The processes of the one-machine stack: settings, startup, shutdown."""
