"""Small notations, each with one parser and one formatter: units, media types, paths, variable names, secrets."""
