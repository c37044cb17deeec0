"""How webhook bodies are signed and how signatures are checked."""
