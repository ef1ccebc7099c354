"""What acts where it is rendered: links, images, tags, hidden text."""
