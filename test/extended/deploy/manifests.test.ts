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
  isObject,
  type Json,
  type JsonObject,
  kindOf,
  listAt,
  type Manifest,
  overlaid,
  overlayKustomization,
  overlayPatches,
} from './readManifests.ts';

const root = new URL('../../../', import.meta.url);

const image = imageOf(readDockerfile(new URL('Dockerfile', root)));
const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Record<
  string,
  string
>;
const deployment = kindOf(base, 'Deployment');
const pod = at(deployment, 'spec template spec');
const container = at(pod, 'containers 0');
const autoscaler = kindOf(base, 'HorizontalPodAutoscaler');
const policy = kindOf(base, 'NetworkPolicy');
const portsByName = Object.fromEntries(
  listAt(container, 'ports').map((port) => [at(port, 'name'), at(port, 'containerPort')]),
);

/** What the pods get: the image's variables with the ConfigMap's over them. */
function environmentOf(manifests: typeof base): Record<string, string> {
  const data = at(kindOf(manifests, 'ConfigMap'), 'data');
  const own = isObject(data) ? data : {};
  return {
    ...image.environment,
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [key, String(value)])),
  };
}

const config = readConfig(environmentOf(base));

describe('the deployment', () => {
  it('runs the user, the ports and the version of the image', () => {
    const { runAsUser, runAsGroup } = Object(at(pod, 'securityContext'));
    expect(`${runAsUser}:${runAsGroup}`).toBe(image.user);
    expect(Object.values(portsByName).map(String)).toEqual(image.ports);
    expect(at(container, 'image')).toBe(`${name}:${version}`);
  });

  it('keeps to the restricted profile, which its namespace enforces', () => {
    const enforced = 'metadata labels pod-security.kubernetes.io/enforce';
    expect(at(kindOf(base, 'Namespace'), enforced)).toBe('restricted');
    expect(at(pod, 'securityContext seccompProfile type')).toBe('RuntimeDefault');
    const forbidden =
      /"(hostNetwork|hostPID|hostIPC|hostPort|privileged|procMount|hostPath|add|sysctls|seLinuxOptions|appArmorProfile|initContainers)"/;
    for (const manifests of [base, overlaid]) {
      expect(JSON.stringify(kindOf(manifests, 'Deployment'))).not.toMatch(forbidden);
    }
  });

  it('asks the ports of the gateway for what it serves', () => {
    const { prometheus } = config.telemetry.metrics;
    expect(portsByName).toEqual({ http: config.port, metrics: prometheus?.port });
    expect(prometheus?.host).toBe('0.0.0.0');
    const live = { httpGet: { path: '/livez', port: 'http' } };
    const ready = { httpGet: { path: '/readyz', port: 'http' } };
    const probes = { startupProbe: live, livenessProbe: live, readinessProbe: ready };
    expect(container).toMatchObject(probes);
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

  it('is replaced, emptied from a node and scaled without a moment in which there are fewer', () => {
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
    expect(at(deployment, 'spec strategy rollingUpdate')).toEqual(rollingUpdate);
    const least = Number(at(autoscaler, 'spec minReplicas'));
    expect(at(deployment, 'spec replicas')).toBe(least);
    expect(least).toBeGreaterThan(
      Number(at(kindOf(base, 'PodDisruptionBudget'), 'spec minAvailable')),
    );
    expect(config.graphBudget.replicas).toBe(at(autoscaler, 'spec maxReplicas'));
  });
});

describe('the objects around the deployment', () => {
  it.each<[string, Json]>([
    ['Deployment', at(deployment, 'spec selector matchLabels')],
    ['Service', at(kindOf(base, 'Service'), 'spec selector')],
    ['PodDisruptionBudget', at(kindOf(base, 'PodDisruptionBudget'), 'spec selector matchLabels')],
    ['NetworkPolicy', at(policy, 'spec podSelector matchLabels')],
    ...listAt(pod, 'topologySpreadConstraints').map((one): [string, Json] => [
      String(at(one, 'topologyKey')),
      at(one, 'labelSelector matchLabels'),
    ]),
  ])('select its pods: %s', (_kind, selector) => {
    expect(Object.keys(Object(selector))).not.toEqual([]);
    for (const manifests of [base, overlaid]) {
      const podLabels = at(kindOf(manifests, 'Deployment'), 'spec template metadata labels');
      expect(podLabels).toMatchObject(Object(selector));
    }
  });

  it('name the deployment, its ports, its account, its settings and its namespace', () => {
    const ports = listAt(kindOf(base, 'Service'), 'spec ports').map((port) =>
      at(port, 'targetPort'),
    );
    expect(ports).toEqual(Object.keys(portsByName));
    expect(at(autoscaler, 'spec scaleTargetRef name')).toBe(at(deployment, 'metadata name'));
    expect(at(pod, 'serviceAccountName')).toBe(at(kindOf(base, 'ServiceAccount'), 'metadata name'));
    expect(at(container, 'envFrom 0 configMapRef name')).toBe(
      at(kindOf(base, 'ConfigMap'), 'metadata name'),
    );
    const namespaces = base
      .filter(({ kind }) => kind !== 'Namespace')
      .map(({ body }) => at(body, 'metadata namespace'));
    expect(new Set(namespaces)).toEqual(new Set([at(kindOf(base, 'Namespace'), 'metadata name')]));
  });

  it('let metrics in from the monitoring only, and the pods out to no address of the cluster but DNS and Redis', () => {
    const [http, metrics] = listAt(policy, 'spec ingress');
    expect(http).toEqual({ ports: [{ port: 'http', protocol: 'TCP' }] });
    expect(metrics).toEqual({
      from: [
        { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
      ],
      ports: [{ port: 'metrics', protocol: 'TCP' }],
    });
    const egress = listAt(policy, 'spec egress');
    const ports = egress.map((rule) => listAt(rule, 'ports').map((port) => at(port, 'port')));
    expect(ports).toEqual([[53, 53], [443], [6379]]);
    expect(egress.every((rule) => listAt(rule, 'to').length > 0)).toBe(true);
    expect(listAt(egress[1] ?? null, 'to 0 ipBlock except')).toContain('169.254.0.0/16');
    expect(listAt(policy, 'spec policyTypes')).toEqual(['Ingress', 'Egress']);
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

  it.each([
    ['base', base, {}, 'passthrough'],
    ['overlaid', overlaid, injected, 'app-only'],
  ] as const)('are all read and taken: %s', (_set, manifests, others, mode) => {
    const environment = environmentOf(manifests);
    expect(Object.keys(environment).filter((key) => !source.includes(`'${key}'`))).toEqual([]);
    const config = readConfig({ ...environment, ...others });
    expect(config.identity.mode).toBe(mode);
    expect(config.upstream.kind).toBe('graph');
  });

  it('prove the workload by the token that the webhook projects', () => {
    const { identity } = readConfig({ ...environmentOf(overlaid), ...injected });
    expect(identity).toMatchObject({ outbound: { credential: { kind: 'federated-token' } } });
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
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    strict: true,
    skipLibCheck: true,
    types: [],
  };
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
  const models = (await import(`kubernetes-models/${apiVersion}/${kind}`)) as Readonly<
    Record<string, new (body: JsonObject) => { validate(): void }>
  >;
  const Kind = models[kind];
  if (Kind === undefined) {
    throw new Error(`${apiVersion} has no ${kind}`);
  }
  new Kind(body).validate();
}

describe('the manifests', () => {
  const serviceOf = (port: JsonObject): Manifest => {
    const body = { apiVersion: 'v1', kind: 'Service', spec: { ports: [port] } };
    return { file: '', apiVersion: 'v1', kind: 'Service', body };
  };

  it.each([
    ['base', base],
    ['overlaid', overlaid],
  ] as const)('of %s keep to the schema of Kubernetes', async (_set, manifests) => {
    for (const manifest of manifests) {
      await validate(manifest);
    }
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
});

const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;
if (!hasKubectl) {
  process.stderr.write('No kubectl: that kustomize builds the same is left out.\n');
}

(hasKubectl ? it : it.skip).each([
  ['base', base],
  ['workload-identity', overlaid],
] as const)('kustomize builds of %s what these tests look at', (set, manifests) => {
  const path = fileURLToPath(new URL(`deploy/kubernetes/${set}`, root));
  const { stdout } = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' });
  const built: unknown[] = parseAllDocuments(stdout).map((document) => document.toJS());
  expect(built).toHaveLength(manifests.length);
  expect(built).toEqual(expect.arrayContaining(manifests.map(({ body }) => body)));
});
