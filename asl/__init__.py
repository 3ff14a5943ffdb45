"""An engine for the Amazon States Language: in process, deterministic, in virtual or real time."""
