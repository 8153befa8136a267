import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { type ComponentProps, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type { OfflineSettings } from '../http/explorerSettings.ts';
import './page.css';
import { createForgetfulStorage } from './forgetfulStorage.ts';
import { keepToken, readSettings, readToken, withToken } from './page.ts';

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

/** What is known of the last answer. */
interface LastAnswer {
  readonly status: number;
  readonly requestId: string | null;
}

type FetcherRequest = Parameters<Fetcher>[0];

/** Just after a change of tabs GraphiQL still names the operation of the tab before. */
function withOwnOperation({ operationName, ...request }: FetcherRequest): FetcherRequest {
  const isOwn = operationName && new RegExp(`\\b${operationName}\\b`).test(request.query);
  return isOwn ? { ...request, operationName } : request;
}

/** Sends with the token of the moment, and tells of the answer. */
function createFetcher(readNow: () => string, onAnswer: (answer: LastAnswer) => void): Fetcher {
  return async (request, options) => {
    const response = await fetch(settings.endpointPath, {
      method: 'POST',
      credentials: 'omit',
      headers: withToken(
        {
          accept: 'application/graphql-response+json, application/json',
          'content-type': 'application/json',
          ...options?.headers,
        },
        readNow(),
      ),
      body: JSON.stringify(withOwnOperation(request)),
    });
    const requestId = response.headers.get('client-request-id');
    onAnswer({ status: response.status, requestId });
    return response.json();
  };
}

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
const givenToken = settings.headers['authorization']?.replace(/^Bearer\s*/, '') ?? '';
const initialToken = readToken() ?? givenToken;
const storage = createForgetfulStorage(() => window.localStorage, settings.graph);
const tabs = settings.tabs.map(({ document, variables }) => ({
  query: document,
  variables: JSON.stringify(variables, null, 2),
  headers: null,
}));

const active = readActiveTab() ?? tabs[0];

interface StoredTab {
  readonly query?: string;
  readonly variables?: string;
}

/** The tab that was open when the page was left: GraphiQL remembers its variables, and does not show them by itself. */
function readActiveTab(): StoredTab | undefined {
  try {
    const { tabs: stored, activeTabIndex } = JSON.parse(
      storage.getItem('graphiql:tabState') ?? '',
    ) as { tabs: readonly StoredTab[]; activeTabIndex: number };
    return stored[activeTabIndex];
  } catch {
    return undefined;
  }
}

function Explorer() {
  const [token, setToken] = useState(initialToken);
  const [last, setLast] = useState<LastAnswer>();
  // GraphiQL keeps the first fetcher, so the token of the moment is read from what does not change.
  const current = useMemo(() => ({ token: initialToken }), []);
  const fetcher = useMemo(() => createFetcher(() => current.token, setLast), [current]);
  const change = (next: string): void => {
    current.token = next;
    setToken(next);
    keepToken(next);
  };
  return (
    <>
      <form className="bar" onSubmit={(event) => event.preventDefault()} autoComplete="off">
        <span>
          Answered by: <strong>{settings.graph}</strong>
        </span>
        <label>
          Token for all tabs{' '}
          <input
            type="password"
            autoComplete="off"
            spellCheck={false}
            value={token}
            onChange={(event) => change(event.target.value)}
          />
        </label>
        <button type="button" onClick={() => change('')} disabled={token === ''}>
          Remove token
        </button>
        <output aria-live="polite">
          {last && `Last answer: ${last.status}, client-request-id ${last.requestId ?? 'none'}`}
        </output>
      </form>
      <div className="editor">
        <GraphiQL
          fetcher={fetcher}
          {...(schema && { schema })}
          defaultTabs={tabs}
          initialQuery={active?.query ?? ''}
          initialVariables={active?.variables ?? ''}
          shouldPersistHeaders={false}
          storage={storage}
        >
          <GraphiQL.Logo>Compliance partner gateway</GraphiQL.Logo>
        </GraphiQL>
      </div>
    </>
  );
}

const place = document.getElementById('explorer');
if (place !== null) {
  createRoot(place).render(<Explorer />);
}
