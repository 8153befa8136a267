import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import type { ImportRule, ImportRules } from './importRule.ts';
import { lowerLayers } from './lowerLayers.ts';
import { upperLayers } from './upperLayers.ts';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** Who may import whom. The first rule whose path a file lies under counts, so special files come first. */
const rules: ImportRules = { ...lowerLayers, ...upperLayers };

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split('\\').join('/'));

function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(src, file), 'utf8'), true, true);
  return importedFiles.map(({ fileName }) =>
    fileName.startsWith('.') ? posix.join(dirname(file), fileName) : fileName,
  );
}

const isUnder = (path: string, parent: string): boolean =>
  path === parent || path.startsWith(parent.endsWith(':') ? parent : `${parent}/`);

function ruleOf(file: string): ImportRule | undefined {
  const key = Object.keys(rules).find((path) => isUnder(file, path));
  return key === undefined ? undefined : rules[key];
}

describe('imports', () => {
  it.each(files)('%s lies in a layer and imports only what the layer may', (file) => {
    const rule = ruleOf(file);
    expect(rule).toBeDefined();
    const allowed = [...(rule?.own ?? []), ...(rule?.packages ?? [])];
    const strays = importsOf(file).filter(
      (path) => !allowed.some((parent) => isUnder(path, parent)),
    );
    expect(strays).toEqual([]);
  });

  it('never lead back to where they began', () => {
    const graph = new Map(
      files.map((file) => [file, importsOf(file).filter((path) => path.endsWith('.ts'))]),
    );
    const finished = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        circles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
        return;
      }
      if (!finished.has(file)) {
        for (const next of graph.get(file) ?? []) {
          visit(next, [...trail, file]);
        }
        finished.add(file);
      }
    };
    for (const file of files) {
      visit(file, []);
    }
    expect(circles).toEqual([]);
  });
});
