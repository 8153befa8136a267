import { writeFileSync } from 'node:fs';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { artifactsOf } from './artifactsOf.ts';

/** The end of the build: writes the schema in all its forms beside the compiled code. */
const folder = new URL('./', import.meta.url);
const sdl = readSdl();
for (const [name, text] of Object.entries(artifactsOf(createSchema(sdl), sdl))) {
  writeFileSync(new URL(name, folder), text);
}
