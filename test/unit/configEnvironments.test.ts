import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { createReaders } from '../../src/config/readers.ts';
import { environmentOf, problemsOf } from '../support/configProblems.ts';
import { startTestGateway } from '../support/testGateways.ts';

/** The variables that Kubernetes and Docker set for a service of this name. */
function serviceLinksOf(service: string): Record<string, string> {
  const name = service.toUpperCase().replaceAll('-', '_');
  return {
    [`${name}_SERVICE_HOST`]: '10.96.12.7',
    [`${name}_SERVICE_PORT`]: '80',
    [`${name}_SERVICE_PORT_HTTP`]: '80',
    [`${name}_PORT`]: 'tcp://10.96.12.7:80',
    [`${name}_PORT_80_TCP`]: 'tcp://10.96.12.7:80',
    [`${name}_PORT_80_TCP_PROTO`]: 'tcp',
    [`${name}_PORT_80_TCP_PORT`]: '80',
    [`${name}_PORT_80_TCP_ADDR`]: '10.96.12.7',
  };
}

const proxy = 'http://ada:hunter2@proxy.example:3128';

const places: readonly (readonly [string, Record<string, string>])[] = [
  [
    'bash',
    {
      ...environmentOf('SHELL=/bin/bash PWD=/home/ada LOGNAME=ada HOME=/home/ada LANG=C.UTF-8'),
      ...environmentOf('LS_COLORS=rs=0:di=01;34 TERM=xterm-256color USER=ada SHLVL=1 OLDPWD=/'),
      ...environmentOf('HISTCONTROL=ignoreboth GRAPHVIZ_DOT=/usr/bin/dot _=/usr/bin/node'),
      SSH_CONNECTION: '192.0.2.1 51000 192.0.2.2 22',
    },
  ],
  [
    'systemd',
    {
      ...environmentOf('LANG=C.UTF-8 PATH=/usr/local/sbin USER=gateway HOME=/nonexistent'),
      ...environmentOf('INVOCATION_ID=0a1b2c3d4e5f60718293a4b5c6d7e8f9 JOURNAL_STREAM=8:123456'),
      ...environmentOf('SYSTEMD_EXEC_PID=812 LISTEN_PID=812 LISTEN_FDS=0 LIST_TIMERS=1'),
      ...environmentOf('MEMORY_PRESSURE_WATCH=/sys/fs/cgroup NOTIFY_SOCKET=/run/systemd/notify'),
      ...environmentOf('CREDENTIALS_DIRECTORY=/run/credentials/gateway'),
    },
  ],
  [
    'Docker with links',
    {
      ...environmentOf('PATH=/usr/local/bin:/usr/bin HOSTNAME=3f2a9c1d7b6e NODE_VERSION=24.11.0'),
      ...environmentOf('YARN_VERSION=1.22.22 HOME=/root REDIS_PORT=tcp://172.17.0.2:6379'),
      ...environmentOf('REDIS_NAME=/gateway/redis REDIS_ENV_REDIS_VERSION=7.4.1'),
      ...serviceLinksOf('graph'),
    },
  ],
  [
    'Kubernetes with service links',
    {
      ...environmentOf('KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT_HTTPS=443'),
      ...environmentOf('KUBERNETES_PORT=tcp://10.96.0.1:443 HOSTNAME=gateway-5d9c7b6f4-x2k8p'),
      ...serviceLinksOf('compliance-partner-gateway'),
      ...serviceLinksOf('graph'),
      ...serviceLinksOf('graph-cloud'),
      ...serviceLinksOf('limit'),
      // Its variable EMULATOR_PORT is one of the gateway's, too.
      ...serviceLinksOf('emulator'),
    },
  ],
  [
    'GitHub Actions',
    {
      ...environmentOf('CI=true GITHUB_ACTIONS=true GITHUB_REF_NAME=main RUNNER_OS=Linux'),
      ...environmentOf('GITHUB_GRAPHQL_URL=https://api.github.com/graphql ImageOS=ubuntu24'),
      ...environmentOf('RUNNER_TEMP=/home/runner AZURE_HTTP_USER_AGENT=GITHUBACTIONS/AzureLogin'),
      ...environmentOf('AZURE_EXTENSION_DIR=/opt/az AZURE_TENANT=contoso DRAIN_THE_SWAMP=no'),
    },
  ],
  [
    'a corporate proxy',
    {
      ...environmentOf(`HTTP_PROXY=${proxy} HTTPS_PROXY=${proxy}`),
      ...environmentOf(`http_proxy=${proxy} https_proxy=${proxy}`),
      ...environmentOf('NO_PROXY=localhost,127.0.0.1,.example,10.0.0.0/8 no_proxy=localhost'),
      ...environmentOf('NODE_EXTRA_CA_CERTS=/corporate.pem SSL_CERT_FILE=/corporate.pem'),
    },
  ],
  [
    'OpenTelemetry of others',
    environmentOf('OTEL_SERVICE_NAMES=a OTEL_EXPORTER_OTLP_ENDPOINTS=http://localhost:4318'),
  ],
];

describe('the environment', () => {
  it.each(places)('of %s starts', async (_place, environment) => {
    const gateway = await startTestGateway(environment);
    const { status } = await gateway.get('/readyz');
    await gateway.stop(0);
    expect(status).toBe(200);
  });
});

describe('a misspelled name', () => {
  it.each([
    ['GRAPH_CLUOD', 'GRAPH_CLOUD'],
    ['GRAPH_CLOUDS', 'GRAPH_CLOUD'],
    ['GRAPH_BASEURL', 'GRAPH_BASE_URL'],
    ['LIMIT_DEPHT', 'LIMIT_DEPTH'],
    ['SHED_HEAP_PERCENTS', 'SHED_HEAP_PERCENT'],
    ['LIST_ROWS_LIMIT', 'LIST_ROW_LIMIT'],
    ['TRUSTED_DOCUMENT_PATH', 'TRUSTED_DOCUMENTS_PATH'],
    ['DRAIN_DELAY', undefined],
    ['DRAIN_DELAYMS', 'DRAIN_DELAY_MS'],
    ['EMULATOR_PROT', 'EMULATOR_PORT'],
  ])('%s is a problem that names %s', (name, known) => {
    const problems = known === undefined ? [] : [`${name} is unknown; is ${known} meant?`];
    expect(problemsOf({ [name]: '1' })).toEqual(problems);
  });

  it('is no problem without a value', () => {
    expect(problemsOf({ GRAPH_CLUOD: ' ' })).toEqual([]);
  });

  it('is never a name that the gateway reads, whatever else is set', () => {
    const readers = createReaders({});
    readConfig({}, readers);
    const wrong = [...readers.names].flatMap((name) =>
      problemsOf({ [name]: '1' }).filter((problem) => problem.includes('is unknown')),
    );
    expect(wrong).toEqual([]);
    expect(readers.names.size).toBeGreaterThan(50);
  });
});

describe('a value in a problem', () => {
  it.each(['prod', 'Production', 'staging'])('rejects NODE_ENV=%s', (value) => {
    expect(problemsOf({ NODE_ENV: value })).toEqual([
      `NODE_ENV is "${value}"; it must be one of production, development, test.`,
    ]);
  });

  it.each(['production', 'development', 'test', ''])('accepts NODE_ENV=%s', (value) => {
    expect(problemsOf({ NODE_ENV: value, GRAPH_CLOUD: 'global' })).toEqual([]);
  });

  const url = 'redis://ada:hunter2@redis.example:6379/0';
  it.each([
    'PORT',
    'HOST',
    'GRAPH_CLOUD',
    'LOG_LEVEL',
    'INTROSPECTION',
    'CORS_ORIGINS',
    'EMULATOR_ODDITIES',
    'OTEL_TRACES_SAMPLER_ARG',
  ])('loses its password when %s is a URL', (name) => {
    const problems = problemsOf({ [name]: url });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('redis://redis.example:6379/0');
    expect(problems[0]).not.toContain('hunter2');
  });

  it('is on one line and cut to 80 characters', () => {
    const [problem] = problemsOf({ LOG_LEVEL: `a\nb${'x'.repeat(100_000)}` });
    expect(problem).toBe(
      `LOG_LEVEL is "a b${'x'.repeat(77)}…"; it must be one of trace, debug, info, warn, error, fatal, silent.`,
    );
  });
});
