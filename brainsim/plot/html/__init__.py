"""Pictures as files of HTML."""
