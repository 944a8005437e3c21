"""Where two features meet: a file or a folder for each pair."""
