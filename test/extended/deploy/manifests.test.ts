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
  folder,
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
const labels = at(deployment, 'spec template metadata labels');
const autoscaler = kindOf(base, 'HorizontalPodAutoscaler');
const policy = kindOf(base, 'NetworkPolicy');
const portNames = listAt(container, 'ports').map((port) => at(port, 'name'));

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

/** The port of the container with a name. */
const portNamed = (name: string): Json =>
  at(
    listAt(container, 'ports').find((port) => at(port, 'name') === name),
    'containerPort',
  );

describe('the deployment', () => {
  it.each<[string, Json, Json]>([
    ['system calls are filtered', at(pod, 'securityContext seccompProfile type'), 'RuntimeDefault'],
    [
      'and out of the account',
      at(kindOf(base, 'ServiceAccount'), 'automountServiceAccountToken'),
      false,
    ],
    ['no other service gets into the environment', at(pod, 'enableServiceLinks'), false],
    [
      'the namespace enforces it',
      at(kindOf(base, 'Namespace'), 'metadata labels pod-security.kubernetes.io/enforce'),
      'restricted',
    ],
  ])('keeps to the restricted profile: %s', (_rule, value, wanted) => {
    expect(value).toEqual(wanted);
  });

  it('has nothing else that the restricted profile forbids', () => {
    const forbidden =
      /"(hostNetwork|hostPID|hostIPC|hostPort|privileged|procMount|hostPath|add|sysctls|seLinuxOptions|appArmorProfile)"/;
    for (const manifests of [base, overlaid]) {
      expect(JSON.stringify(kindOf(manifests, 'Deployment'))).not.toMatch(forbidden);
    }
    expect(listAt(pod, 'containers')).toHaveLength(1);
    expect(Object.keys(isObject(pod) ? pod : {})).not.toContain('initContainers');
  });

  it('runs the user, the ports and the version of the image', () => {
    const context = at(pod, 'securityContext');
    expect(`${at(context, 'runAsUser')}:${at(context, 'runAsGroup')}`).toBe(image.user);
    expect(listAt(container, 'ports').map((port) => String(at(port, 'containerPort')))).toEqual(
      image.ports,
    );
    expect(at(container, 'image')).toBe(`${name}:${version}`);
  });

  it('asks the port of the gateway for what it serves', () => {
    expect(portNamed('http')).toBe(config.port);
    const live = { httpGet: { path: '/livez', port: 'http' } };
    const ready = { httpGet: { path: '/readyz', port: 'http' } };
    const probes = { startupProbe: live, livenessProbe: live, readinessProbe: ready };
    expect(container).toMatchObject(probes);
  });

  it('serves metrics at the port that has their name, to others than itself', () => {
    const { prometheus } = config.telemetry.metrics;
    expect(prometheus).toEqual({ host: '0.0.0.0', port: portNamed('metrics') });
  });

  it('sees that a pod is not ready before the drain rejects connections', () => {
    const probe = at(container, 'readinessProbe');
    const seconds =
      (Number(at(probe, 'periodSeconds')) + Number(at(probe, 'timeoutSeconds'))) *
      Number(at(probe, 'failureThreshold'));
    expect(seconds * 1000).toBeLessThan(config.drainDelayMs);
  });

  it('is given longer to stop than the drain may take', () => {
    const { drainDelayMs, drainTimeoutMs } = config;
    expect(Number(at(pod, 'terminationGracePeriodSeconds')) * 1000).toBeGreaterThan(
      drainDelayMs + drainTimeoutMs + 5_000,
    );
  });

  it('is replaced without a moment in which there are fewer', () => {
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
    expect(at(deployment, 'spec strategy rollingUpdate')).toEqual(rollingUpdate);
    expect(at(deployment, 'spec replicas')).toBe(at(autoscaler, 'spec minReplicas'));
  });

  it('is spread over nodes and zones by labels that its pods have', () => {
    const constraints = listAt(pod, 'topologySpreadConstraints');
    expect(constraints.map((one) => at(one, 'topologyKey'))).toEqual([
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
    ]);
    for (const constraint of constraints) {
      expect(labels).toMatchObject(Object(at(constraint, 'labelSelector matchLabels')));
    }
  });
});

describe('the objects around the deployment', () => {
  it.each<[string, Json]>([
    ['Deployment', at(deployment, 'spec selector matchLabels')],
    ['Service', at(kindOf(base, 'Service'), 'spec selector')],
    ['PodDisruptionBudget', at(kindOf(base, 'PodDisruptionBudget'), 'spec selector matchLabels')],
    ['NetworkPolicy', at(policy, 'spec podSelector matchLabels')],
  ])('select its pods: %s', (_kind, selector) => {
    expect(Object.keys(Object(selector))).not.toEqual([]);
    for (const manifests of [base, overlaid]) {
      const podLabels = at(kindOf(manifests, 'Deployment'), 'spec template metadata labels');
      expect(podLabels).toMatchObject(Object(selector));
    }
  });

  it('name ports that its container has', () => {
    const service = listAt(kindOf(base, 'Service'), 'spec ports').map((port) =>
      at(port, 'targetPort'),
    );
    const ingress = listAt(policy, 'spec ingress').flatMap((rule) =>
      listAt(rule, 'ports').map((port) => at(port, 'port')),
    );
    expect(service).toEqual(portNames);
    expect(ingress).toEqual(portNames);
  });

  it('name the deployment, its account, its settings and its namespace', () => {
    expect(at(autoscaler, 'spec scaleTargetRef name')).toBe(at(deployment, 'metadata name'));
    expect(at(pod, 'serviceAccountName')).toBe(at(kindOf(base, 'ServiceAccount'), 'metadata name'));
    expect(at(container, 'envFrom 0 configMapRef name')).toBe(
      at(kindOf(base, 'ConfigMap'), 'metadata name'),
    );
    const namespace = at(kindOf(base, 'Namespace'), 'metadata name');
    const namespaces = base
      .filter(({ kind }) => kind !== 'Namespace')
      .map(({ body }) => at(body, 'metadata namespace'));
    expect(new Set(namespaces)).toEqual(new Set([namespace]));
  });

  it('let a node be emptied while one pod stays', () => {
    const available = at(kindOf(base, 'PodDisruptionBudget'), 'spec minAvailable');
    expect(available).toBe(1);
    expect(Number(at(autoscaler, 'spec minReplicas'))).toBeGreaterThan(Number(available));
  });

  it('let metrics be read from the namespace of the monitoring only', () => {
    const [http, metrics] = listAt(policy, 'spec ingress');
    expect(Object.keys(Object(http))).toEqual(['ports']);
    expect(listAt(metrics ?? null, 'from')).toEqual([
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
    ]);
  });

  it('let the pods out to DNS, to 443 outside the cluster, and to Redis', () => {
    const egress = listAt(policy, 'spec egress');
    expect(egress.map((rule) => listAt(rule, 'ports').map((port) => at(port, 'port')))).toEqual([
      [53, 53],
      [443],
      [6379],
    ]);
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

  it('divide the budget by as many replicas as there may be', () => {
    expect(config.graphBudget.replicas).toBe(at(autoscaler, 'spec maxReplicas'));
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

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

/**
 * Finds what the types of Kubernetes' API do not have. A schema lets unknown properties pass, as Kubernetes itself drops
 * them without a word; a compiler does not, if an object is written down as it is.
 */
function findUnknownProperties(manifests: readonly Manifest[]): readonly string[] {
  const sources = new Map(
    manifests.map((manifest, index) => [
      `${fileURLToPath(root)}manifest-${index}.ts`,
      sourceOf(manifest),
    ]),
  );
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([...sources.keys()], options, {
    ...host,
    fileExists: (path) => sources.has(path) || host.fileExists(path),
    readFile: (path) => sources.get(path) ?? host.readFile(path),
    getSourceFile: (path, version) => {
      const text = sources.get(path);
      return text === undefined
        ? host.getSourceFile(path, version)
        : ts.createSourceFile(path, text, version);
    },
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

function sourceOf({ apiVersion, kind, body }: Manifest): string {
  return (
    `import type { I${kind} } from 'kubernetes-models/${apiVersion}/${kind}';\n` +
    `export const manifest: I${kind} = ${JSON.stringify(body, null, 2)};\n`
  );
}

interface Model {
  validate(): void;
}

/** Holds a manifest against the schema of its kind. @throws what is wrong with it. */
async function validate({ apiVersion, kind, body }: Manifest): Promise<void> {
  const models = (await import(`kubernetes-models/${apiVersion}/${kind}`)) as Record<
    string,
    new (
      body: JsonObject,
    ) => Model
  >;
  const Kind = models[kind];
  if (Kind === undefined) {
    throw new Error(`${apiVersion} has no ${kind}`);
  }
  new Kind(body).validate();
}

const sets = { base, overlaid };
const cases = Object.entries(sets).flatMap(([set, manifests]) =>
  manifests.map((manifest) => [set, manifest.file, manifest] as const),
);

describe('the manifests', () => {
  it.each(cases)('of %s keep to the schema of Kubernetes: %s', async (_set, _file, manifest) => {
    await validate(manifest);
  });

  const service = (port: JsonObject): Manifest => ({
    file: '',
    apiVersion: 'v1',
    kind: 'Service',
    body: { apiVersion: 'v1', kind: 'Service', spec: { ports: [port] } },
  });

  it('would be rejected with a wrong type or without what is required', async () => {
    await expect(validate(service({ port: 'high' }))).rejects.toThrow('port must be integer');
    await expect(validate(service({}))).rejects.toThrow('must have required property port');
  });

  it('have no property that Kubernetes would drop, as one more with a slip would have', () => {
    const slip = service({ port: 80, protocoll: 'TCP' });
    expect(findUnknownProperties([...base, ...overlaid, slip])).toEqual([
      expect.stringContaining('protocoll'),
    ]);
  });

  it('are all named in the kustomizations, and none is named that is not there', () => {
    const names = (manifests: readonly Manifest[]) => manifests.map(({ file }) => file).sort();
    expect([...listAt(baseKustomization, 'resources')].sort()).toEqual(names(base));
    const patches = listAt(overlayKustomization, 'patches').map(
      (patch) => isObject(patch) && patch['path'],
    );
    expect(patches.sort()).toEqual(names(overlayPatches));
    expect(listAt(overlayKustomization, 'resources')).toEqual(['../base']);
  });
});

const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;
const describeBuild = hasKubectl ? describe : describe.skip;
if (!hasKubectl) {
  process.stderr.write(
    'No kubectl here: that kustomize builds what these tests look at is left out.\n',
  );
}

describeBuild('kustomize', () => {
  it.each([
    ['base', base],
    ['workload-identity', overlaid],
  ] as const)('builds of %s what these tests look at', (set, manifests) => {
    const path = fileURLToPath(new URL(set, folder));
    const { stdout } = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' });
    const built: unknown[] = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(built).toHaveLength(manifests.length);
    expect(built).toEqual(expect.arrayContaining(manifests.map(({ body }) => body)));
  });
});
