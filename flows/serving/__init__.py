"""The schedule as a service: server, worker, deployments."""
