"""The service: it parses, asks a room and shows the answer; it computes no risk itself."""
