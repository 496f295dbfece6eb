"""What people read: tables in the terminal, one restriction told whole, generated pages."""
