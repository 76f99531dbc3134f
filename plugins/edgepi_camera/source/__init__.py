"""Where pictures come from: streams, devices, files, folders."""
