#!/bin/sh
# Build the image with docker, podman or buildah, and lay the list of what is in it beside the code, in build/sbom.cdx.json.
# IMAGE names it; PIP_ARGS, TORCH and EXTRAS are those of the Makefile.
set -eu
cd "$(dirname "$0")/.."
image=${IMAGE:-rcasearch}
mkdir -p build

if docker info >/dev/null 2>&1; then engine=docker
elif podman info >/dev/null 2>&1; then engine=podman
elif command -v buildah >/dev/null 2>&1; then engine=buildah
else
    echo "make image needs docker, podman or buildah, and none of them answers here. Install one, or start its service." >&2
    exit 1
fi

set -- --build-arg PIP_ARGS="${PIP_ARGS:-}" --build-arg TORCH="${TORCH:--c constraints.txt torch}" \
    --build-arg EXTRAS="${EXTRAS:-}" -t "$image" .
# Podman and buildah leave the health check out of images in their own format.
case $engine in
docker) docker build "$@" ;;
podman) podman build --format docker "$@" ;;
buildah) buildah bud --format docker "$@" ;;
esac

if [ $engine = buildah ]; then
    container=$(buildah from "$image")
    trap 'buildah rm "$container" >/dev/null' EXIT
    buildah run "$container" -- cat /opt/sbom.cdx.json >build/sbom.cdx.json
else
    $engine run --rm --network none "$image" cat /opt/sbom.cdx.json >build/sbom.cdx.json
fi
echo "Built $image; what is in it is listed in build/sbom.cdx.json."
