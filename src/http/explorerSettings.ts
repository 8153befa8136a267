/** An operation to begin with. */
export interface ExplorerTab {
  readonly document: string;
  readonly variables: object;
}

/** What both explorers begin with: the document and the variables are the first tab's. */
export interface ExplorerExample extends ExplorerTab {
  readonly headers: Readonly<Record<string, string>>;
  readonly tabs: readonly ExplorerTab[];
  /** Which Graph answers, for people. */
  readonly graph: string;
}

/** The settings of the page with Apollo Sandbox. */
export interface SandboxSettings extends ExplorerExample {
  readonly endpointPath: string;
  readonly scriptUrl: string;
  /** Where the frame comes from that the script opens. */
  readonly frameOrigin: string;
  /** Where to go when Sandbox cannot be loaded; null if nothing else is wanted. */
  readonly fallbackPath: string | null;
  /** How long the script may take to come. */
  readonly scriptTimeoutMs: number;
  /** How long the frame may then take to say its first word. */
  readonly frameTimeoutMs: number;
}

/** The settings of the page with GraphiQL. */
export interface OfflineSettings extends ExplorerExample {
  readonly endpointPath: string;
  readonly schemaPath: string;
  /** The scripts of the editor's workers, by what they work on. */
  readonly workers: { readonly editor: string; readonly json: string; readonly graphql: string };
}

/** The id of the element that holds the settings as JSON. */
export const settingsElementId = 'settings';
