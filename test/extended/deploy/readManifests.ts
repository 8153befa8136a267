import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** Something in a manifest: YAML without its tags and anchors is JSON. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [name: string]: Json;
}

/** One object for Kubernetes. */
export interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly body: JsonObject;
}

const folder = new URL('../../../deploy/kubernetes/', import.meta.url);

export const base = readManifests('base/');
export const baseKustomization = readYaml('base/kustomization.yaml');
export const overlayPatches = readManifests('workload-identity/');
export const overlayKustomization = readYaml('workload-identity/kustomization.yaml');

/** The base with the overlay's patches in it. */
export const overlaid: readonly Manifest[] = base.map((manifest) => {
  const patch = overlayPatches.find(({ kind }) => kind === manifest.kind);
  return { ...manifest, body: merge(manifest.body, patch?.body ?? {}) };
});

/** What lies at the end of a path of names and numbers, with blanks between them. @throws Error if nothing does. */
export function at(value: Json, path: string): Json {
  let found: Json | undefined = value;
  for (const step of path.split(' ')) {
    found = Object(found)[step];
  }
  if (found === undefined) {
    throw new Error(`There is nothing at ${path}`);
  }
  return found;
}

/** The same, for a list. */
export function listAt(value: Json, path: string): readonly Json[] {
  const found = at(value, path);
  if (!Array.isArray(found)) {
    throw new Error(`There is no list at ${path}`);
  }
  return found;
}

/** The one manifest of a kind. */
export function kindOf(manifests: readonly Manifest[], kind: string): JsonObject {
  const [first, ...others] = manifests.filter((manifest) => manifest.kind === kind);
  if (first === undefined || others.length > 0) {
    throw new Error(`There is not exactly one ${kind}`);
  }
  return first.body;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readManifests(set: string): readonly Manifest[] {
  const files = readdirSync(new URL(set, folder)).filter((file) => file !== 'kustomization.yaml');
  return files.map((file) => {
    const body = readYaml(`${set}${file}`);
    return { file, apiVersion: String(body['apiVersion']), kind: String(body['kind']), body };
  });
}

/** Reads one document, with every fault and doubt of its form as an error. */
function readYaml(path: string): JsonObject {
  const documents = parseAllDocuments(readFileSync(new URL(path, folder), 'utf8'));
  const problems = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  const body: unknown = documents[0]?.toJS();
  if (documents.length !== 1 || problems.length > 0 || !isObject(body)) {
    throw new Error(`${path} is not one document: ${problems.join(', ')}`);
  }
  return body;
}

/** As kustomize does it where a patch has no lists; those it would merge by keys of their own. */
function merge(one: JsonObject, patch: JsonObject): JsonObject {
  const changed = Object.entries(patch).map(([name, value]): readonly [string, Json] => {
    const old = one[name];
    if (Array.isArray(value) || value === null) {
      throw new Error(`The patch has a list or null at ${name}`);
    }
    return [name, isObject(value) && isObject(old) ? merge(old, value) : value];
  });
  return { ...one, ...Object.fromEntries(changed) };
}
