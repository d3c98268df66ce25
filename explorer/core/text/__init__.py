"""Small languages, each with one parser and one formatter: units, media types, paths, names of variables, secrets."""
