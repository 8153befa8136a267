import { mkdirSync, writeFileSync } from 'node:fs';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { artifactsOf } from './artifactsOf.ts';
import { clientArtifactsOf } from './clientArtifacts.ts';

/** The end of the build: writes the schema in all its forms beside the compiled code, and into the clients' package. */
const sdl = readSdl();
const schema = createSchema(sdl);
for (const [folder, artifacts] of [
  [new URL('./', import.meta.url), artifactsOf(schema, sdl)],
  [new URL('../schema/dist/', import.meta.url), clientArtifactsOf(schema, sdl)],
] as const) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(artifacts)) {
    writeFileSync(new URL(name, folder), text);
  }
}
