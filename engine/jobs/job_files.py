"""The names in a job's folder that the runner, the supervisor and those who look share."""

SPEC, CLAIM, OUTPUT, EXIT, STOP = "spec.json", "claim", "output.log", "exit.json", "stop"
