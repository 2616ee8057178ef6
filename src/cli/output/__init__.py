"""What `--format json` prints, as data; docs/schemas has a JSON Schema of each output, made from these modules.

Within one version no field is removed or renamed, and none changes its meaning.
"""
