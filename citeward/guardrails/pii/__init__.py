"""Personal data and credentials: found in whole texts and on streams."""
