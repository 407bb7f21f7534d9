"""What an agent may do next: states, reasons, wrap-up."""
