"""Moving from one endpoint to another: run documents in, differences and a decision out. Pure; see `document.build`."""
