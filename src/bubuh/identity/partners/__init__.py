"""Partners of whom the status page tells: those alone whom an operator names, under a public name."""
