import { refuseMethod } from './emulatorAnswer.ts';
import type { ErrorStamp } from './errorEnvelopes.ts';
import type { FaultAnswer } from './faults.ts';
import { findAccessRefusal } from './findAccessRefusal.ts';
import type { EmulatorRequest } from './http.ts';
import { metadataXml } from './metadata.ts';
import { modelOf } from './model.ts';
import type { Version } from './route.ts';
import type { EmulatorParts } from './routes.ts';

/** A request for the metadata as it came. */
export interface MetadataCall {
  readonly version: Version;
  readonly request: EmulatorRequest;
  readonly stamp: ErrorStamp;
}

/** Answers with what a version knows, to everybody: Graph publishes its metadata and asks for no token. */
export function answerMetadata(
  parts: EmulatorParts,
  { version, request, stamp }: MetadataCall,
): FaultAnswer {
  if (request.method !== 'GET') {
    return findAccessRefusal(parts.acceptToken, request, stamp) ?? refuseMethod('GET', stamp);
  }
  const model = modelOf(version === 'v1.0' ? 'v1.0' : parts.generation);
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: metadataXml(model),
  };
}
