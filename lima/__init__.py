"""Lima: templates, images, instances, and getting Lima onto a host."""
