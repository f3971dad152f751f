"""These tests need a /dev/kvm, but not one that can boot Linux."""
