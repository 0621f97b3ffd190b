"""The screens: Dash pages, the map's modules, theme, words."""
