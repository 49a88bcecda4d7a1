"""The web half: bundles made of state files, routes, headers; it never imports the half that trades."""
