// From method and path to the handler.
import { type Answer, notFound } from './answer.ts';
import { authenticate, completeAsset, getAsset, listWorkspaces, retryAsset } from './calls.ts';
import { createAsset } from './create.ts';
import { downloadAsset } from './download.ts';
import type { EmulatorContext, Exchange } from './exchange.ts';
import type { RouteName } from './journal.ts';
import { listAssets } from './listing.ts';
import { receiveUpload } from './receive.ts';

export const apiPath = '/api/v1';

export type Handler = (context: EmulatorContext, exchange: Exchange) => Promise<Answer>;

export interface Route {
  readonly name: RouteName | 'unknown';
  readonly handle: Handler;
  /** The asset id or upload token in the path. */
  readonly subject: string;
  /** `storage` stands for the other host of FLORA's world: XML errors, no request-id. */
  readonly host: 'api' | 'storage';
}

interface Pattern {
  readonly method: RegExp;
  readonly path: RegExp;
  readonly name: RouteName;
  readonly handle: Handler;
  readonly host: Route['host'];
}

const patterns: readonly Pattern[] = [
  { method: /^POST$/, path: api('/assets'), name: 'create', handle: createAsset, host: 'api' },
  { method: /^POST$/, path: api('/assets/([^/]+)/complete'), name: 'complete', handle: completeAsset, host: 'api' },
  { method: /^POST$/, path: api('/assets/([^/]+)/retry'), name: 'retry', handle: retryAsset, host: 'api' },
  { method: /^GET$/, path: api('/assets'), name: 'list', handle: listAssets, host: 'api' },
  { method: /^GET$/, path: api('/assets/([^/]+)'), name: 'get', handle: getAsset, host: 'api' },
  { method: /^GET$/, path: api('/workspaces'), name: 'workspaces', handle: listWorkspaces, host: 'api' },
  { method: /./, path: /^\/upload\/([^/]+)$/, name: 'upload', handle: receiveUpload, host: 'storage' },
  {
    method: /^(GET|HEAD)$/,
    path: /^\/(?:files|moved)\/([^/]+)$/,
    name: 'download',
    handle: downloadAsset,
    host: 'storage',
  },
];

export function findRoute(method: string, path: string): Route {
  for (const pattern of patterns) {
    const match = pattern.method.test(method) ? pattern.path.exec(path) : null;
    if (match !== null) return { ...pattern, subject: match[1] ?? '' };
  }
  return { name: 'unknown', handle: unknownCall, subject: '', host: 'api' };
}

async function unknownCall(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  authenticate(context, exchange);
  throw notFound('Endpoint');
}

function api(path: string): RegExp {
  return new RegExp(`^${apiPath}${path}$`);
}
