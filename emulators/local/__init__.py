"""The app and all that it needs on one machine: started together, ended together, and shown at work."""
