"""Runs Python code from the command line, as a child process of tests."""

import sys

exec(sys.argv[1])
