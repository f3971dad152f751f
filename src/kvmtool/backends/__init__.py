"""What a device stands on: terminals, disk images, networks, file trees."""
