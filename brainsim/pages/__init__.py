"""A network as one page that runs in the browser of its reader, offline: the same compiled functions, as WebAssembly."""
