"""What a process starts with: settings, data folder, clock, threads and background tasks."""
