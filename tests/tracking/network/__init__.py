"""Road networks: tags, import, contraction, bans, files."""
