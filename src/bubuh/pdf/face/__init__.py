"""The stamp face: strokes, letters, and the QR code by a linear table."""
