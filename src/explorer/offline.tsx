import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { buildSchema, type GraphQLSchema } from 'graphql';
import type { ComponentProps } from 'react';
import { createRoot } from 'react-dom/client';
import type { OfflineSettings } from '../http/explorerSettings.ts';
import './page.css';
import { createForgetfulStorage } from './forgetfulStorage.ts';
import { readSettings } from './readSettings.ts';

type Fetcher = ComponentProps<typeof GraphiQL>['fetcher'];

const settings = readSettings<OfflineSettings>();

/** Read by the editor when it needs a worker. */
Object.assign(globalThis, {
  MonacoEnvironment: {
    getWorker: (_module: string, label: string) => new Worker(workerUrlOf(label)),
  },
});

function workerUrlOf(label: string): string {
  const { editor, json, graphql } = settings.workers;
  return { json, graphql }[label] ?? editor;
}

const send: Fetcher = async (request, options) => {
  const response = await fetch(settings.endpointPath, {
    method: 'POST',
    credentials: 'omit',
    headers: {
      accept: 'application/graphql-response+json, application/json',
      'content-type': 'application/json',
      ...options?.headers,
    },
    body: JSON.stringify(request),
  });
  return response.json();
};

/** From the SDL, which is there where introspection is not. */
async function readSchema(): Promise<GraphQLSchema | undefined> {
  const response = await fetch(settings.schemaPath, { credentials: 'omit' });
  return response.ok ? buildSchema(await response.text()) : undefined;
}

/** What GraphiQL loads only after it has drawn itself: before that, its buttons would be there and do nothing. */
const editor = Promise.all([
  import('monaco-graphql/esm/monaco-editor.js'),
  import('monaco-graphql/esm/lite.js'),
]);
const [schema] = await Promise.all([readSchema().catch(() => undefined), editor]);
const headers = JSON.stringify(settings.headers, null, 2);
const place = document.getElementById('explorer');
if (place !== null) {
  createRoot(place).render(
    <GraphiQL
      fetcher={send}
      {...(schema && { schema })}
      initialQuery={settings.document}
      initialVariables={JSON.stringify(settings.variables, null, 2)}
      initialHeaders={headers}
      defaultHeaders={headers}
      shouldPersistHeaders={false}
      storage={createForgetfulStorage(window.localStorage)}
    >
      <GraphiQL.Logo>Compliance partner gateway</GraphiQL.Logo>
    </GraphiQL>,
  );
}
