# syntax=docker/dockerfile:1

# Both can be replaced by mirrors of your own, or pinned to a digest.
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY .npmrc package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY schema ./schema
COPY src ./src
RUN npm run --silent build && rm -r dist/artifacts dist/.tsbuildinfo

FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /dependencies
COPY .npmrc package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

# No shell and no package manager: nothing but Node.js and the gateway.
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
# Whether it lives, as an orchestrator that restarts it has to ask: /readyz fails in outages that a restart does not mend.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/nodejs/bin/node", "--eval", "fetch('http://127.0.0.1:' + (process.env.PORT || 4000) + '/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/nodejs/bin/node"]
CMD ["dist/main.js"]
