"""Documents -> a generation of an index. All of it may take long and load much; `rcasearch.index` decides whether it must."""
