/** What a layer may import. */
export interface ImportRule {
  /** Files and folders of `src` that the layer may import, itself included. */
  readonly own: readonly string[];
  readonly packages: readonly string[];
}

export type ImportRules = Readonly<Record<string, ImportRule>>;
