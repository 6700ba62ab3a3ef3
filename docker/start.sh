#!/bin/sh
# Serve /documents. The first index is made before the server starts; later starts serve the index there is while a new one
# is made beside it, which the server then picks up. With nothing mounted, the example documents are served.
set -eu

if [ -z "$(find /documents -type f -print -quit)" ] && [ ! -d "$RCASEARCH_INDEX" ]; then
    echo "Nothing is mounted at /documents: serving the example documents." >&2
    RCASEARCH_INDEX=/opt/example exec rcasearch serve
fi

if [ ! -d "$RCASEARCH_INDEX" ]; then
    rcasearch index /documents
elif [ -n "$(find /documents -type f -print -quit)" ]; then
    rcasearch index /documents &
fi
exec rcasearch serve
