"""Pages, one file each; a page is layout plus callbacks."""
