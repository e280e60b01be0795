# The supervisor itself, for machines where only Docker is installed. It needs the engine's socket, the host's network
# (it reaches replicas on their own addresses and answers DNS on their networks' gateways) and the manifests' folder:
#   docker build -t pointsman .            (--build-arg NODE_IMAGE=… where the public image can't be pulled)
#   docker run --network host -v /var/run/docker.sock:/var/run/docker.sock -v "$PWD:$PWD" -w "$PWD" pointsman --manifests . --engine docker
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS compiled
WORKDIR /pointsman
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN node_modules/.bin/tsc --project tsconfig.build.json

FROM ${NODE_IMAGE}
WORKDIR /pointsman
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --omit=dev --ignore-scripts && npm cache clean --force
COPY --from=compiled /pointsman/dist dist
# As the command line starts one: src/cli/supervisor/launch.ts says why.
ENV MALLOC_ARENA_MAX=1
ENTRYPOINT ["node", "--max-semi-space-size=1", "--v8-pool-size=0", "--optimize-for-size", "--no-opt", "--no-maglev", "/pointsman/dist/bin/supervisor.js"]
