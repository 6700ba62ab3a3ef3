"""The store on a distributed engine: Milvus, for more than one machine holds."""
