"""Judge a template: rules and packs, one run, findings, acknowledgements, plugins, output."""
