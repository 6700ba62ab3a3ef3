#!/bin/sh
# Run the image with all that it does not need taken from it, and ask it something: check.sh [IMAGE], with docker or podman.
set -eu
cd "$(dirname "$0")"
image=${1:-rcasearch}
engine=docker
docker info >/dev/null 2>&1 || engine=podman

container=$($engine run --detach --read-only --tmpfs /tmp --tmpfs /indexes:mode=1777 --cap-drop ALL \
    --security-opt no-new-privileges --network none "$image")
trap '$engine rm --force "$container" >/dev/null' EXIT
$engine exec --interactive "$container" python3 - <inside.py || { $engine logs "$container" >&2; exit 1; }
