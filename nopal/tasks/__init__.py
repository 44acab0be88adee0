"""What people type: Invoke tasks over nopal.machine."""
