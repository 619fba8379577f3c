"""`bloesem up`: being written right now by the author of the compiler; see the commits that follow."""
