"""Constants, module base, units and numerics that every room shares."""
