import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { readConfig } from '../../../src/config/config.ts';
import { imageOf, readDockerfile } from '../container/readDockerfile.ts';
import {
  at,
  base,
  baseKustomization,
  type Json,
  kindOf,
  listAt,
  type Manifest,
  overlaid,
  overlayKustomization,
  overlayPatches,
} from './readManifests.ts';

const root = new URL('../../../', import.meta.url);

const image = imageOf(readDockerfile(new URL('Dockerfile', root)));
const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const deployment = kindOf(base, 'Deployment');
const pod = at(deployment, 'spec template spec');
const container = at(pod, 'containers 0');
const autoscaler = kindOf(base, 'HorizontalPodAutoscaler');
const policy = kindOf(base, 'NetworkPolicy');
const disruptionBudget = kindOf(base, 'PodDisruptionBudget');
const namespace = kindOf(base, 'Namespace');
const portsByName = Object.fromEntries(
  listAt(container, 'ports').map((port) => [at(port, 'name'), at(port, 'containerPort')]),
);
const sets = [
  ['base', base],
  ['overlaid', overlaid],
] as const;

/** What the pods get: the image's variables with the ConfigMap's over them. */
function environmentOf(manifests: typeof base): Record<string, string> {
  const own = Object.entries(Object(at(kindOf(manifests, 'ConfigMap'), 'data')));
  const texts = own.map(([key, value]) => [key, String(value)]);
  return { ...image.environment, ...Object.fromEntries(texts) };
}

const config = readConfig(environmentOf(base));
const { prometheus } = config.telemetry.metrics;
const { runAsUser, runAsGroup, seccompProfile } = Object(at(pod, 'securityContext'));
const [live, ready] = ['/livez', '/readyz'].map((path) => ({ path, port: 'http' }));
const nameOf = (kind: string) => at(kindOf(base, kind), 'metadata name');
const othersThanNamespace = base.filter(({ kind }) => kind !== 'Namespace');
const namespaces = othersThanNamespace.map(({ body }) => at(body, 'metadata namespace'));
const servicePorts = listAt(kindOf(base, 'Service'), 'spec ports');
const monitoring = { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } };
const [leastReplicas, mostReplicas] = ['min', 'max'].map((end) =>
  at(autoscaler, `spec ${end}Replicas`),
);

it.each<[string, unknown, unknown]>([
  ['user', `${runAsUser}:${runAsGroup}`, image.user],
  ['ports of the image', Object.values(portsByName).map(String), image.ports],
  ['ports by name', portsByName, { http: config.port, metrics: prometheus?.port }],
  ['host of metrics', prometheus?.host, '0.0.0.0'],
  ['version', at(container, 'image'), `${name}:${version}`],
  ['profile', at(namespace, 'metadata labels pod-security.kubernetes.io/enforce'), 'restricted'],
  ['system calls', seccompProfile, { type: 'RuntimeDefault' }],
  ['startup probe', at(container, 'startupProbe httpGet'), live],
  ['liveness probe', at(container, 'livenessProbe httpGet'), live],
  ['readiness probe', at(container, 'readinessProbe httpGet'), ready],
  ['update', at(deployment, 'spec strategy rollingUpdate'), { maxSurge: 1, maxUnavailable: 0 }],
  ['number of replicas', at(deployment, 'spec replicas'), leastReplicas],
  ['share of the budget', config.graphBudget.replicas, mostReplicas],
  ['ports of the service', servicePorts.map((port) => at(port, 'targetPort')), ['http', 'metrics']],
  ['target of scaling', at(autoscaler, 'spec scaleTargetRef name'), nameOf('Deployment')],
  ['account', at(pod, 'serviceAccountName'), nameOf('ServiceAccount')],
  ['settings', at(container, 'envFrom 0 configMapRef name'), nameOf('ConfigMap')],
  ['namespace', [...new Set(namespaces)], [nameOf('Namespace')]],
  [
    'ways in',
    at(policy, 'spec ingress'),
    [
      { ports: [{ port: 'http', protocol: 'TCP' }] },
      {
        from: [{ namespaceSelector: monitoring }],
        ports: [{ port: 'metrics', protocol: 'TCP' }],
      },
    ],
  ],
  ['kinds of ways', at(policy, 'spec policyTypes'), ['Ingress', 'Egress']],
])('the deployment has the right %s', (_what, found, expected) => {
  expect(found).toEqual(expected);
});

describe('the deployment', () => {
  it('has no more rights than the restricted profile', () => {
    const forbidden =
      /"(hostNetwork|hostPID|hostIPC|hostPort|privileged|procMount|hostPath|add|sysctls|seLinuxOptions|appArmorProfile|initContainers)"/;
    for (const [, manifests] of sets) {
      expect(JSON.stringify(kindOf(manifests, 'Deployment'))).not.toMatch(forbidden);
    }
  });

  it('sees that a pod is not ready before the drain rejects connections, and has time to drain', () => {
    const { periodSeconds, timeoutSeconds, failureThreshold } = Object(
      at(container, 'readinessProbe'),
    );
    const { drainDelayMs, drainTimeoutMs } = config;
    expect((periodSeconds + timeoutSeconds) * failureThreshold * 1000).toBeLessThan(drainDelayMs);
    expect(Number(at(pod, 'terminationGracePeriodSeconds')) * 1000).toBeGreaterThan(
      drainDelayMs + drainTimeoutMs + 5_000,
    );
  });

  it('keeps a pod when a node is emptied', () => {
    expect(leastReplicas).toBeGreaterThan(Number(at(disruptionBudget, 'spec minAvailable')));
  });
});

describe('the objects around the deployment', () => {
  it.each<[string, Json]>([
    ['Deployment', at(deployment, 'spec selector matchLabels')],
    ['Service', at(kindOf(base, 'Service'), 'spec selector')],
    ['PodDisruptionBudget', at(disruptionBudget, 'spec selector matchLabels')],
    ['NetworkPolicy', at(policy, 'spec podSelector matchLabels')],
    ...listAt(pod, 'topologySpreadConstraints').map((one): [string, Json] => [
      String(at(one, 'topologyKey')),
      at(one, 'labelSelector matchLabels'),
    ]),
  ])('select its pods: %s', (_kind, selector) => {
    expect(selector).not.toEqual({});
    for (const [, manifests] of sets) {
      const podLabels = at(kindOf(manifests, 'Deployment'), 'spec template metadata labels');
      expect(podLabels).toMatchObject(Object(selector));
    }
  });

  it('let the pods out to no address of the cluster but DNS and Redis', () => {
    const egress = listAt(policy, 'spec egress');
    const ports = egress.map((rule) => listAt(rule, 'ports').map((port) => at(port, 'port')));
    expect(ports).toEqual([[53, 53], [443], [6379]]);
    expect(egress.every((rule) => listAt(rule, 'to').length > 0)).toBe(true);
    expect(listAt(egress[1] ?? null, 'to 0 ipBlock except')).toContain('169.254.0.0/16');
  });
});

describe('the settings of the pods', () => {
  const injected = {
    AZURE_TENANT_ID: '00000000-0000-0000-0000-000000000000',
    AZURE_CLIENT_ID: '00000000-0000-0000-0000-000000000000',
    AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/',
    AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azure/tokens/azure-identity-token',
  };
  const source = readdirSync(new URL('src/config/', root))
    .map((file) => readFileSync(new URL(`src/config/${file}`, root), 'utf8'))
    .join();
  const federated = { mode: 'app-only', outbound: { credential: { kind: 'federated-token' } } };

  it.each([
    ['base', base, {}, { mode: 'passthrough' }],
    ['overlaid', overlaid, injected, federated],
  ] as const)('are all read and taken: %s', (_set, manifests, others, identity) => {
    const environment = environmentOf(manifests);
    expect(Object.keys(environment).filter((key) => !source.includes(`'${key}'`))).toEqual([]);
    const config = readConfig({ ...environment, ...others });
    expect(config).toMatchObject({ identity, upstream: { kind: 'graph' } });
  });

  it('have the webhook project the token that proves the workload', () => {
    const template = at(kindOf(overlaid, 'Deployment'), 'spec template metadata labels');
    expect(template).toMatchObject({ 'azure.workload.identity/use': 'true' });
    const account = at(kindOf(overlaid, 'ServiceAccount'), 'metadata annotations');
    expect(account).toHaveProperty(['azure.workload.identity/client-id']);
  });
});

/** One file with the manifests as they are, typed: a schema lets unknown properties pass, a compiler does not. */
function findUnknownProperties(manifests: readonly Manifest[]): readonly string[] {
  const path = `${fileURLToPath(root)}manifests.ts`;
  const lines = manifests.map(
    ({ apiVersion, kind, body }, index) =>
      `export const m${index}: import('kubernetes-models/${apiVersion}/${kind}').I${kind} = ${JSON.stringify(body)};`,
  );
  const module = ts.ModuleKind.NodeNext;
  const options = { module, strict: true, skipLibCheck: true, types: [] };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.readFile = (name) => (name === path ? lines.join('\n') : readFile(name));
  return ts
    .getPreEmitDiagnostics(ts.createProgram([path], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

/** Holds a manifest against the schema of its kind. @throws Error that says what is wrong with it. */
async function validate({ apiVersion, kind, body }: Manifest): Promise<void> {
  const { [kind]: Kind } = await import(`kubernetes-models/${apiVersion}/${kind}`);
  new Kind(body).validate();
}

const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;
if (!hasKubectl) {
  process.stderr.write('No kubectl: that kustomize builds the same is left out.\n');
}

describe('the manifests', () => {
  const serviceOf = (port: { readonly [name: string]: Json }): Manifest => {
    const body = { apiVersion: 'v1', kind: 'Service', spec: { ports: [port] } };
    return { file: '', apiVersion: 'v1', kind: 'Service', body };
  };

  it('keep to the schema of Kubernetes', async () => {
    await Promise.all([...base, ...overlaid].map(validate));
    await expect(validate(serviceOf({ port: 'high' }))).rejects.toThrow('port must be integer');
  });

  it('have no property that Kubernetes would drop, as one more with a slip would have', () => {
    const slip = serviceOf({ port: 80, protocoll: 'TCP' });
    expect(findUnknownProperties([...base, ...overlaid, slip])).toEqual([
      expect.stringContaining('protocoll'),
    ]);
  });

  it('are all named in the kustomizations, and none is named that is not there', () => {
    const names = (manifests: readonly Manifest[]) => manifests.map(({ file }) => file).sort();
    expect([...listAt(baseKustomization, 'resources')].sort()).toEqual(names(base));
    const patches = listAt(overlayKustomization, 'patches').map((patch) => at(patch, 'path'));
    expect(patches.sort()).toEqual(names(overlayPatches));
    expect(listAt(overlayKustomization, 'resources')).toEqual(['../base']);
  });

  (hasKubectl ? it : it.skip).each([
    ['base', base],
    ['workload-identity', overlaid],
  ] as const)('are for %s what kustomize builds', (set, manifests) => {
    const path = fileURLToPath(new URL(`deploy/kubernetes/${set}`, root));
    const { stdout } = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' });
    const built: unknown[] = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(built).toHaveLength(manifests.length);
    expect(built).toEqual(expect.arrayContaining(manifests.map(({ body }) => body)));
  });
});
