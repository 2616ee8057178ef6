"""One subject at a time: its present state is read, evaluated, recorded, and what changed is published."""
