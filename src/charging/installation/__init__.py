"""Getting a charge point on the wall: the file, its photos, the installer who sees only that job."""
