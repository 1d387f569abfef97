"""The site: pages rendered here, read from memory, useful without JavaScript."""
