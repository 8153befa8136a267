# syntax=docker/dockerfile:1

# Both can be replaced by images of your own, or pinned to a digest. One without a shell and npm serves for the second,
# as long as its Node.js is where this one's is.
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=node:24-bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY .npmrc package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY schema ./schema
COPY src ./src
COPY tools ./tools
RUN npm run --silent build && rm dist/explorer/.stamp dist/.stamp.json dist/.tsbuildinfo

FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /dependencies
COPY .npmrc package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

# This stage runs nothing. It has the base, the packages for production and the build.
FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="compliance-partner-gateway" \
      org.opencontainers.image.description="A GraphQL gateway over Microsoft Graph's compliance management partners (Intune)" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /dependencies/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY schema ./schema
COPY package.json LICENSE ./
USER 65532:65532
EXPOSE 4000 9464
STOPSIGNAL SIGTERM
# An orchestrator that restarts containers must ask /livez: /readyz fails in outages that a restart does not fix.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/usr/local/bin/node", "--eval", "fetch('http://127.0.0.1:' + (process.env.PORT || 4000) + '/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/local/bin/node"]
CMD ["dist/main.js"]
