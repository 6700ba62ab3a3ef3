"""For agents: tools over the Model Context Protocol. `tools` knows nothing of the protocol, `server` nothing of incidents."""
