"""What runs inside a guest that brings no file system of its own."""
