"""What Prometheus reads: a catalogue of metrics, a collector that fills it from a snapshot, a server in a thread."""
