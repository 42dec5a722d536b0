/** What stands in a field, as far as a mutation has to know. */
export type Kind =
  | 'id'
  | 'text'
  | 'enum'
  | 'url'
  | 'size'
  | 'count'
  | 'iso'
  | 'epoch'
  | 'cursor'
  | 'object'
  | 'list'
  | 'item';

export interface Field {
  /** Members joined by dots; `assets[]` is each item of a list, `{Content-Type}` a member whose name has no rule. */
  readonly path: string;
  readonly kind: Kind;
}

function table(rows: Readonly<Record<string, Kind>>): readonly Field[] {
  return Object.entries(rows).map(([path, kind]) => ({ path, kind }));
}

const made = {
  asset_id: 'id',
  status: 'enum',
  uploaded_via: 'enum',
  url: 'url',
  visibility: 'enum',
  workspace_id: 'text',
  expires_at: 'iso',
} as const;

/** `POST /assets` and `retry`, with a form. */
export const formFields = table({
  ...made,
  upload: 'object',
  'upload.url': 'url',
  'upload.method': 'enum',
  'upload.content_type': 'text',
  'upload.file_field': 'text',
  'upload.form_fields': 'object',
  'upload.form_fields.policy': 'text',
});

/** The same with `upload_url` alone, which takes a PUT. */
export const putFields = table({ ...made, upload_url: 'url' });

export const completeFields = table({
  asset_id: 'id',
  status: 'enum',
  url: 'url',
  visibility: 'enum',
  workspace_id: 'text',
  failure_message: 'text',
});

const asset = {
  asset_id: 'id',
  name: 'text',
  description: 'text',
  status: 'enum',
  url: 'url',
  size_bytes: 'size',
  width: 'count',
  height: 'count',
  content_type: 'text',
  upload_content_type: 'text',
  uploaded_via: 'enum',
  workspace_id: 'text',
  node_id: 'text',
  project_id: 'text',
} as const;

export const getFields = table({ ...asset, created_at: 'iso', failure_message: 'text' });

const items = Object.fromEntries(Object.entries(asset).map(([name, kind]) => [`assets[].${name}`, kind]));

export const cursorFields = table({
  meta: 'object',
  'meta.next_cursor': 'cursor',
  'meta.total_estimate': 'count',
});

export const listFields: readonly Field[] = [
  ...table({ assets: 'list', 'assets[]': 'item', ...items, 'assets[].created_at': 'epoch' }),
  ...cursorFields,
];

export const workspacesFields = table({
  workspaces: 'list',
  'workspaces[]': 'item',
  'workspaces[].workspace_id': 'text',
  'workspaces[].name': 'text',
  'workspaces[].role': 'enum',
  'workspaces[].created_at': 'epoch',
  meta: 'object',
  'meta.next_cursor': 'cursor',
});

/** What is said when anything is refused. */
export const errorFields = table({
  error: 'object',
  'error.code': 'text',
  'error.message': 'text',
  'error.fields': 'list',
  'error.fields[]': 'item',
  'error.fields[].field': 'text',
  'error.fields[].message': 'text',
});
