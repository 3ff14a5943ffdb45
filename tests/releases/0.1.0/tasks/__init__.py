"""The task functions: a file, a function and a Lambda for each task state, all with the state's name."""
