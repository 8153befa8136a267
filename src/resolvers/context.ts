export interface RequestContext {
  readonly requestId: string;
}
