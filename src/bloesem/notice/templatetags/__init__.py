"""Tags of the templates of the notice."""
