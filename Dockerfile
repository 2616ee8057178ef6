# The command line in a container. It needs no network, no AWS account and nothing else of this repository:
#   docker build --tag outrider .
#   docker run --rm --volume "$PWD:/work:ro" outrider check .
FROM python:3.13-slim
COPY src/requirements.txt /opt/requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
    --require-hashes --only-binary :all: --requirement /opt/requirements.txt
COPY src /opt/outrider
RUN python -m compileall -q /opt/outrider
ENV PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
WORKDIR /work
ENTRYPOINT ["python", "/opt/outrider"]
