# block-buster in a container: Deno, the program and its dashboard, nothing else.
#
# The base image is pinned by the digest of its multi-architecture index, because a tag can be moved.
#
#   docker build --tag block-buster \
#     --build-arg COMMIT_SHA="$(git rev-parse HEAD)" \
#     --build-arg SCHEMA_HASH="$(deno run --allow-read --allow-env main.ts schema | sha256sum | cut -d ' ' -f 1)" .
#
# Inside the container the server listens on 0.0.0.0, which others can reach, so it needs a key of the operator's and
# ends with 2 without one. Settings come from the environment, further flags of `start` after the image's name:
#
#   docker run --rm --publish 127.0.0.1:8000:8000 --env BB_API_KEY=… block-buster --simulate
#   docker run --rm --publish 127.0.0.1:8000:8000 --env BB_API_KEY=… --env TB_RPC_URL=http://node.example:3030 \
#     --volume block-buster:/data block-buster

ARG DENO_DIGEST=sha256:2014dc167ece617ef7e7ba40631ac2234c59e75ce693e7cc2dc2602b3c87859d

FROM denoland/deno:2.9.6@${DENO_DIGEST} AS build
ENV DENO_DIR=/deno-dir
WORKDIR /app
COPY main.ts deno.json deno.lock ./
COPY config ./config
COPY src ./src
COPY types ./types
COPY web ./web
RUN deno cache --frozen main.ts

FROM denoland/deno:2.9.6@${DENO_DIGEST}
ARG COMMIT_SHA=""
ARG SCHEMA_HASH=""
ENV COMMIT_SHA=${COMMIT_SHA} \
    SCHEMA_HASH=${SCHEMA_HASH} \
    SERVER_HOST=0.0.0.0 \
    BB_DATA_DIR=/data \
    DENO_DIR=/deno-dir \
    DENO_NO_UPDATE_CHECK=1
WORKDIR /app
COPY --from=build /app /app
COPY --from=build --chown=deno:deno /deno-dir /deno-dir
RUN mkdir /data && chown deno:deno /data
USER deno
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["deno", "eval", "const port = Deno.env.get('SERVER_PORT') || '8000'; const { ok } = await fetch(`http://127.0.0.1:${port}/health`); Deno.exit(ok ? 0 : 1);"]
# The permissions of `deno task start:locked`, computed for the settings of this container: exact hosts and folders.
ENTRYPOINT ["/bin/sh", "-c", "flags=$(deno run --no-prompt --cached-only --allow-read --allow-env main.ts doctor --flags) && exec deno run --cached-only $flags main.ts start \"$@\"", "block-buster"]
