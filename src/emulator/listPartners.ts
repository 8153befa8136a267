import type { EmulatorAnswer } from './emulatorAnswer.ts';
import { collectionPath, contextOf, type OperationScope } from './operationScope.ts';
import { type ProjectedPartner, projectPartner } from './projection.ts';
import { narrow } from './query/parseSelect.ts';
import { type PageStart, writeSkipToken } from './query/skipToken.ts';
import type { PageRequest } from './query.ts';

/** A page of the list; 200. */
export function listPartners(scope: OperationScope, page: PageRequest): EmulatorAnswer {
  const { store, model, baseUrl } = scope;
  const fitting = store.rowsBehind(page.after).filter(({ row }) => page.fits(row));
  const after = fitting.slice(0, page.skip).at(-1)?.number ?? page.after;
  const rows = fitting.slice(page.skip);
  const shown = page.isHollow ? [] : rows.slice(0, page.size);
  const next = nextStart({ ...page, after }, shown.at(-1)?.number, rows.length > shown.length);
  return {
    status: 200,
    body: {
      '@odata.context': contextOf(scope, page.select),
      ...(page.isCounted && { '@odata.count': store.rows().filter(page.fits).length }),
      ...(next !== undefined && {
        '@odata.nextLink': `${baseUrl}${collectionPath}?${page.options}$skiptoken=${writeSkipToken({ ...next, options: page.options })}`,
      }),
      value: shown.map(({ row }) => narrow(withoutType(projectPartner(model, row)), page.select)),
    },
  };
}

function nextStart(
  { after, isHollow, hasEmptyPages }: PageRequest,
  last: number | undefined,
  isMore: boolean,
): PageStart | undefined {
  if (isHollow) {
    return { after, isHollow: false };
  }
  return isMore && last !== undefined ? { after: last, isHollow: hasEmptyPages } : undefined;
}

/** In a list the rows are of the declared type, so minimal metadata leaves the annotation out. */
function withoutType({ '@odata.type': _type, ...row }: ProjectedPartner): ProjectedPartner {
  return row;
}
