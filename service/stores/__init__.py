"""Where state is kept: Redis and SQL. The only place that imports their clients."""
