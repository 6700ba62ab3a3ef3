#!/bin/sh
# Run the image with all that it does not need taken from it, and ask it something: check.sh [IMAGE], with docker or podman.
set -eu
cd "$(dirname "$0")"
image=${1:-rcasearch}
engine=docker
docker info >/dev/null 2>&1 || engine=podman

# /indexes is a volume of its own, as the image says.
container=$($engine run --detach --read-only --tmpfs /tmp --cap-drop ALL \
    --security-opt no-new-privileges --network none "$image")
trap '$engine rm --force --volumes "$container" >/dev/null' EXIT
$engine exec --interactive "$container" python3 - <inside.py || { $engine logs "$container" >&2; exit 1; }
