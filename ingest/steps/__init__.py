"""One step of the pipeline a file; their order stands in `ingest/pipeline.py`."""
