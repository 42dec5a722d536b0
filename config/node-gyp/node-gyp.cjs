#!/usr/bin/env node
// better-sqlite3 is compiled on install where its prebuilt binary cannot be fetched, and node-gyp then wants to download
// Node's headers even when the running Node brought its own. Standing in front of npm's node-gyp, this hands it those
// headers if, and only if, they are of exactly this version. It is a development dependency and does nothing else.
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const prefix = join(dirname(process.execPath), '..');
const versionHeader = join(prefix, 'include', 'node', 'node_version.h');

function headerVersion() {
  const text = readFileSync(versionHeader, 'utf8');
  const part = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  return `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`;
}

if (!process.env.npm_config_nodedir && existsSync(versionHeader) && headerVersion() === process.version) {
  process.env.npm_config_nodedir = prefix;
}

const npmCli = process.env.npm_execpath;
require(require.resolve('node-gyp/bin/node-gyp.js', { paths: [npmCli ? dirname(npmCli) : __dirname] }));
